import Foundation
import LLMModels
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// The fixtures' models as GGUF files that llama.cpp's converter made (`Tests/Fixtures/models/convert_gguf.py`), against the
/// folders they are made of.
@Suite struct ConvertedModelTests {
    private static let folder = Paths.fixtures.appending(path: "models/gguf/converted")

    static let names = FileManager.default.subpaths(atPath: folder.path)!
        .filter { $0.hasSuffix(".gguf") }.map { String($0.dropLast(".gguf".count)) }.sorted()

    private static let prompts: [[Int32]] = [[1, 17, 42, 99, 5], (0..<40).map { $0 * 3 % 150 }]

    @Test(arguments: names)
    func `A converted model computes the bits of the folder that it is made of`(name: String) throws {
        let url = Self.folder.appending(path: "\(name).gguf")
        let model = try GGUFModel(GGUFFile(path: url.path))
        let config = try ConfigFile(bytes: model.config, path: url.path)
        let reference = try ConfigFile(path: Self.folder.appending(path: "\(name).json").path)
        let compute = Compute(threads: 1)
        let ours = ModelDriver(try Architectures.load(config, model, on: compute), compute)
        let theirs = ModelDriver(
            try Architectures.load(reference, RoundedFolder(name, reference, like: model), on: compute), compute)
        #expect(ours.model.dimensions.maxPositions > 96)
        #expect(ours.model.cacheLayout.groups.map(\.window) == theirs.model.cacheLayout.groups.map(\.window))
        #expect(ours.logits(Self.prompts) == theirs.logits(Self.prompts))
    }

    @Test func `Every row of the table has a file`() throws {
        var rows: Set<String> = []
        for name in Self.names {
            let path = Self.folder.appending(path: "\(name).gguf").path
            rows.formUnion(
                try ConfigFile(bytes: GGUFModel(GGUFFile(path: path)).config, path: path).strings("architectures"))
        }
        // What other fixtures and tests have.
        let others: Set = ["LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"]
        #expect(rows.union(others) == Set(GGUFArchitecture.all.map(\.hubName)))
    }
}

/// The tensors of a fixture's folder, those rounded to float16 that a GGUF file has in it, and in the layers that it has.
private struct RoundedFolder: NamedTensors {
    let checkpoint: Checkpoint
    let layers: [Int]
    let file: GGUFModel

    init(_ name: String, _ config: ConfigFile, like file: GGUFModel) throws {
        checkpoint = try Checkpoint(path: Paths.fixtures.appending(path: "models/\(name)").path)
        layers = try config.integers("folder_layers", in: 0...100)
        self.file = file
    }

    var tensors: [TensorInfo] { checkpoint.tensors }

    /// The name in the folder.
    private func ownName(_ name: String) -> String {
        var parts = name.split(separator: ".").map(String.init)
        guard let place = parts.firstIndex(where: { Int($0) != nil }), let layer = Int(parts[place]),
            layers.indices.contains(layer)
        else { return layers.isEmpty || parts.allSatisfy { Int($0) == nil } ? name : "" }
        parts[place] = "\(layers[layer])"
        return parts.joined(separator: ".")
    }

    func info(named name: String) -> TensorInfo? { checkpoint.info(named: ownName(name)) }

    func tensor(named name: String) throws(WeightsError) -> TensorView {
        let view = try checkpoint.tensor(named: ownName(name))
        let stored =
            file.info(named: name) ?? file.info(named: "\(name).weight") ?? file.info(named: "transformer.\(name)")
        // What has no name of its own there are matrices.
        guard stored?.dtype ?? .float16 == .float16 else { return view }
        return TensorView(shape: view.shape, dtype: .float16, repeating: view.floats())
    }
}

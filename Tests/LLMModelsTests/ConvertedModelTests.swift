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

    static let names = names(in: folder)

    private static func names(in folder: URL) -> [String] {
        FileManager.default.subpaths(atPath: folder.path)!
            .filter { $0.hasSuffix(".gguf") }.map { String($0.dropLast(".gguf".count)) }.sorted()
    }

    private static let prompts: [[Int32]] = [[1, 17, 42, 99, 5], (0..<40).map { $0 * 3 % 100 }]

    /// Where the converter changes numbers, or the order of a sum, the bits need not be the same.
    @Test(arguments: names)
    func `A converted model computes the bits of the folder that it is made of`(name: String) throws {
        let url = Self.folder.appending(path: "\(name).gguf")
        let model = try GGUFModel(GGUFFile(path: url.path))
        let config = try ConfigFile(bytes: model.config, path: url.path)
        let reference = try ConfigFile(path: Self.folder.appending(path: "\(name).json").path)
        let compute = Compute(threads: 1)
        let ours = ModelDriver(try Architectures.load(config, model, on: compute), compute)
        let folder = try RoundedFolder(name, reference, like: model)
        let theirs = ModelDriver(try Architectures.load(reference, folder, on: compute), compute)
        #expect(ours.model.dimensions.maxPositions > 96)
        #expect(ours.model.cacheLayout.groups.map(\.window) == theirs.model.cacheLayout.groups.map(\.window))
        let (made, wanted) = (ours.logits(Self.prompts), theirs.logits(Self.prompts))
        guard folder.names.contains(where: { $0.hasSuffix("A_log") }) else {
            #expect(made == wanted)
            return
        }
        let most = wanted.joined().joined().map(abs).max() ?? 0
        let furthest = zip(made.joined().joined(), wanted.joined().joined()).map { abs($0 - $1) }.max() ?? 0
        #expect(furthest <= 1e-5 * most)
    }

    private static let encoderFolder = Paths.fixtures.appending(path: "encoders/converted")
    static let encoders = names(in: encoderFolder)

    @Test(arguments: encoders)
    func `A converted encoder computes the bits of the folder that it is made of`(name: String) throws {
        let url = Self.encoderFolder.appending(path: "\(name).gguf")
        let model = try GGUFModel(GGUFFile(path: url.path))
        let config = try ConfigFile(bytes: model.config, path: url.path)
        let reference = try ConfigFile(path: Self.encoderFolder.appending(path: "\(name).json").path)
        let folder = try RoundedFolder(name, reference, like: model, in: "encoders")
        let compute = Compute(threads: 1)
        let ours = EncoderDriver(try Architectures.loadEncoder(config, model, on: compute), compute: compute)
        let theirs = EncoderDriver(try Architectures.loadEncoder(reference, folder, on: compute), compute: compute)
        #expect(ours.model.labels == theirs.model.labels)
        let texts = [[5, 17, 42, 99, 3], (0..<40).map { $0 * 3 % 100 + 3 }].map { EncoderDriver.Text(tokens: $0) }
        #expect(ours.outputs(texts) == theirs.outputs(texts))
    }

    @Test func `Every row of the table has a file`() throws {
        var rows: Set<String> = []
        let files =
            Self.names.map { Self.folder.appending(path: "\($0).gguf") }
            + Self.encoders.map { Self.encoderFolder.appending(path: "\($0).gguf") }
        for path in files.map(\.path) {
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
    let feedForward: [Int]
    let file: GGUFModel

    init(_ name: String, _ config: ConfigFile, like file: GGUFModel, in place: String = "models") throws {
        let folder = try config.string("folder", default: name)
        checkpoint = try Checkpoint(path: Paths.fixtures.appending(path: "\(place)/\(folder)").path)
        layers = try config.integers("folder_layers", in: 0...100)
        feedForward = try config.integers("folder_feed_forward", in: 0...100)
        self.file = file
    }

    var tensors: [TensorInfo] { checkpoint.tensors }

    /// The name in the folder.
    private func ownName(_ name: String) -> String {
        var parts = name.split(separator: ".").map(String.init)
        guard !layers.isEmpty, let place = parts.firstIndex(where: { Int($0) != nil }), let layer = Int(parts[place])
        else { return name }
        let sources = parts.contains("mlp") && !feedForward.isEmpty ? feedForward : layers
        guard sources.indices.contains(layer) else { return "" }
        parts[place] = "\(sources[layer])"
        return parts.joined(separator: ".")
    }

    func info(named name: String) -> TensorInfo? {
        // Tied where the file is, whatever the folder has besides.
        name == "lm_head.weight" && !file.contains(name) ? nil : checkpoint.info(named: ownName(name))
    }

    func tensor(named name: String) throws(WeightsError) -> TensorView {
        let view = try checkpoint.tensor(named: ownName(name))
        let name = ["language_model.", "roberta.", "distilbert."].reduce(name) { $0.replacing($1, with: "") }
        let stored =
            file.info(named: name) ?? file.info(named: "\(name).weight") ?? file.info(named: "transformer.\(name)")
        // What has no name of its own there are matrices, or norms.
        guard stored?.dtype ?? (view.shape.count > 1 ? .float16 : .float32) == .float16 else { return view }
        return TensorView(shape: view.shape, dtype: .float16, repeating: view.floats())
    }
}

import Foundation
import LLMJSON
import LLMTestSupport
import LLMWeights

/// A quantized folder of `Tests/Fixtures/weights/quantized_hf`; see make_quantized_hf.py.
struct QuantizedFolder {
    let name: String
    private var folder: URL { Self.root.appending(path: name) }

    private static let root = Paths.fixtures.appending(path: "weights/quantized_hf")
    static let names = FileManager.default.subpaths(atPath: root.path)!
        .filter { $0.hasSuffix("/config.json") }.map { String($0.dropLast("/config.json".count)) }.sorted()

    func file() throws -> SafetensorsFile {
        try SafetensorsFile(path: folder.appending(path: "model.safetensors").path)
    }

    func expected() throws -> SafetensorsFile {
        try SafetensorsFile(path: folder.appending(path: "expected.safetensors").path)
    }

    func config() throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: "config.json"))) }

    func open() throws -> QuantizedCheckpoint { try Self.open(file(), config()) }

    /// Opens tensors under a config, which must be one of a quantized model.
    static func open(_ tensors: any RawTensors, _ config: [UInt8]) throws -> QuantizedCheckpoint {
        guard case .object(let members) = try JSONValue(config),
            let quantization = try QuantizationConfig(
                path: "config.json", { name in members[name].flatMap { $0 == .null ? nil : $0 } })
        else { throw WeightsError(.invalidMetadata, "not quantized") }
        return try QuantizedCheckpoint(tensors, path: "model", quantization)
    }
}

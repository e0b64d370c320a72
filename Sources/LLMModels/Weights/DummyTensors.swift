import Foundation
public import LLMTensor
public import LLMWeights

/// Random weights of a config's shape, for measuring a model without its checkpoint (`--load-format dummy`).
///
/// A tensor's values depend on its name and the seed only: about normal, scaled by the inputs as a trained model's are,
/// norms near 1.
public struct DummyTensors: NamedTensors {
    /// Every tensor that the architecture reads.
    public let tensors: [TensorInfo]
    private let shapes: [String: [Int]]
    private let dtype: DType
    private let seed: UInt64

    /// - Parameter dtype: the width of the weights; nil takes the config's `dtype` or `torch_dtype`, else bfloat16.
    public init(_ config: ConfigFile, dtype: DType? = nil, seed: UInt64 = 0) throws(ModelError) {
        let specifications = try Architectures.architecture(config).describe(config).tensors
        let named = config.has("dtype") ? "dtype" : "torch_dtype"
        guard let stored = DummyTensors.dtypes[try config.string(named, default: "bfloat16")] else {
            throw config.unsupported(named, "use float32, float16 or bfloat16")
        }
        let dtype = dtype ?? stored
        self.dtype = dtype
        self.seed = seed
        tensors = specifications.map { TensorInfo(name: $0.name, shape: $0.shape, dtype: dtype) }
        let (bytes, present) = (tensors.reduce(0) { $0 + $1.byteCount }, ProcessInfo.processInfo.physicalMemory)
        guard bytes <= Int(clamping: present) else {
            throw ModelError(
                .unsupported,
                "'\(config.path)': a model of this shape takes \(bytes) bytes, and this machine has \(present); "
                    + "use a smaller one")
        }
        shapes = Dictionary(uniqueKeysWithValues: specifications.map { ($0.name, $0.shape) })
    }

    private static let dtypes: [String: DType] = ["float32": .float32, "float16": .float16, "bfloat16": .bfloat16]

    /// What is known of the tensor called `name`.
    public func info(named name: String) -> TensorInfo? { tensors.first { $0.name == name } }

    /// Makes the tensor; it is not kept.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard let shape = shapes[name] else {
            throw WeightsError(.missingTensor, "no tensor '\(name)' in the config's shape")
        }
        let isVector = shape.count == 1
        let scale = isVector ? 0.1 : 1 / Float(shape.last ?? 1).squareRoot()
        let centre: Float = isVector && name.lowercased().contains("norm") ? 1 : 0
        var random = name.utf8.reduce(seed &+ 0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let values = (0..<min(DummyTensors.period, shape.reduce(1, *))).map { _ in
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            // The sum of four uniform values is near enough to normal; its deviation is brought to 1.
            let sum = (0..<4).reduce(Float(0)) { $0 + Float((random >> (16 * UInt64($1))) & 0xffff) / 65535 - 0.5 }
            return centre + sum * 1.732 * scale
        }
        return TensorView(shape: shape, dtype: dtype, repeating: values)
    }

    /// After so many values a tensor repeats; a prime, so that its rows do not.
    private static let period = 65521
}

public import LLMTensor
import LLMWeights

/// Instruction sets that the kernels have variants for.
public typealias CPUFeatures = LLMTensor.CPUFeatures
/// Who multiplies matrices.
public typealias GEMM = LLMTensor.GEMM

/// The arithmetic that is asked for. Quantized layers multiply integers whatever it says; it then chooses the type of
/// cached keys and values only.
public enum ComputeDtype: String, Sendable, CaseIterable {
    /// What suits the weights and the CPU: bfloat16 for bfloat16 weights where the CPU has AVX512-BF16, whatever the
    /// instruction sets allowed, else float32.
    case auto
    /// float32 activations and sums over weights in their stored width.
    case float32
    /// bfloat16 weights and activations, float32 sums.
    case bfloat16
}

/// The arithmetic of a model's linear layers. It is part of what fixes the text.
public enum Arithmetic: String, Sendable {
    /// float32 activations and sums over weights in their stored width.
    case float32
    /// bfloat16 weights and activations, float32 sums.
    case bfloat16
    /// Integer weights and activations of 8 bits or fewer with float32 scales.
    case int8
}

/// To what a model's weights are quantized as they are loaded: every matrix, embedding and output head included. Norms
/// and biases stay float32.
public enum Quantization: String, Sendable, CaseIterable {
    /// They stay as they are stored.
    case none
    /// 8 bits and a scale for each 32 weights: the values of GGUF's Q8_0.
    case q8_0
    /// 4 bits and a scale for each 32 weights: the values of GGUF's Q4_0.
    case q4_0
    /// 8 bits and a scale for each output feature, activations with one scale a token.
    case w8a8
}

/// Where a model's weights come from.
public enum LoadFormat: String, Sendable, CaseIterable {
    /// The checkpoint in the model's folder.
    case auto
    /// Random weights of the config's shape, for measuring.
    case dummy
}

/// How a model is loaded.
public struct LoadOptions: Sendable {
    /// Arithmetic of the linear layers.
    public var computeDtype: ComputeDtype
    /// What weights are quantized to.
    public var quantization: Quantization
    /// Who multiplies matrices.
    public var gemm: GEMM
    /// Threads that compute; nil for one a physical core that the process may run on, within its control groups' CPU
    /// quota.
    public var threads: Int?
    /// The instruction sets to use; nil for the best there are.
    public var cpuFeatures: CPUFeatures?
    /// Where the weights come from.
    public var loadFormat: LoadFormat

    /// Options; every one has a default.
    public init(
        computeDtype: ComputeDtype = .auto, quantization: Quantization = .none, gemm: GEMM = .auto,
        threads: Int? = nil, cpuFeatures: CPUFeatures? = nil, loadFormat: LoadFormat = .auto
    ) {
        self.computeDtype = computeDtype
        self.quantization = quantization
        self.gemm = gemm
        self.threads = threads
        self.cpuFeatures = cpuFeatures
        self.loadFormat = loadFormat
    }

    /// Threads that compute where the options do not say: one a physical core that the process may run on, within its
    /// control groups' CPU quota.
    public static var automaticThreads: Int { CPUTopology().threads }

    /// Threads there may be at most.
    static let maxThreads = 1024

    /// How the weights of a checkpoint are held.
    func linearFormat(_ tensors: any NamedTensors) throws(LLMGenError) -> LinearFormat {
        guard gemm == .auto || (quantization == .none && computeDtype != .bfloat16) else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "gemm is \(gemm.rawValue), which multiplies float32 only; "
                    + "leave it out, or quantization and compute-dtype")
        }
        switch quantization {
        case .q8_0: return .q8_0
        case .q4_0: return .q4_0
        case .w8a8: return .w8a8
        case .none: break
        }
        switch computeDtype {
        case .float32: return .stored
        case .bfloat16: return .bfloat16
        case .auto:
            let matrices = tensors.tensors.filter { $0.shape.count == 2 }
            let suits = matrices.allSatisfy { $0.dtypeName == DType.bfloat16.rawValue } && gemm == .auto
            return suits && CPUFeatures.avx512bf16.isAvailable ? .bfloat16 : .stored
        }
    }

    package func compute() throws(LLMGenError) -> Compute {
        if let threads, !(1...LoadOptions.maxThreads).contains(threads) {
            throw LLMGenError(
                code: .invalidArgument,
                message: "threads is \(threads); it must be from 1 to \(LoadOptions.maxThreads)")
        }
        let features = cpuFeatures ?? .best
        guard features.isAvailable else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "cpu-features is \(features.rawValue), which this CPU does not have; "
                    + "the best it has is \(CPUFeatures.best.rawValue)")
        }
        return Compute(features: features, threads: threads, gemm: gemm)
    }
}

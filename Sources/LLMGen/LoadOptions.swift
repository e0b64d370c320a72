public import LLMTensor

/// Instruction sets that the kernels have variants for.
public typealias CPUFeatures = LLMTensor.CPUFeatures
/// Who multiplies matrices.
public typealias GEMM = LLMTensor.GEMM

/// The arithmetic of the linear layers whose weights are not quantized. It is part of what fixes the text.
public enum ComputeDtype: String, Sendable, CaseIterable {
    /// What suits the weights and the CPU: float32.
    case auto
    /// float32 activations and sums over weights in their stored width.
    case float32
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

    /// Threads there may be at most.
    static let maxThreads = 1024

    /// How the weights are held.
    func linearFormat() throws(LLMGenError) -> LinearFormat {
        guard quantization == .none || gemm == .auto else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "gemm is \(gemm.rawValue), which multiplies float32 only, and quantization is "
                    + "\(quantization.rawValue); leave one of them out")
        }
        return switch quantization {
        case .none: .stored
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        case .w8a8: .w8a8
        }
    }

    func compute() throws(LLMGenError) -> Compute {
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

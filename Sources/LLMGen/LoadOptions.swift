public import LLMTensor

/// Instruction sets that the kernels have variants for.
public typealias CPUFeatures = LLMTensor.CPUFeatures
/// Who multiplies matrices.
public typealias GEMM = LLMTensor.GEMM

/// The arithmetic of the model's linear layers. It is part of what fixes the text.
public enum ComputeDtype: String, Sendable, CaseIterable {
    /// What suits the weights and the CPU: float32.
    case auto
    /// float32 activations and sums over weights in their stored width.
    case float32
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
        computeDtype: ComputeDtype = .auto, gemm: GEMM = .auto, threads: Int? = nil, cpuFeatures: CPUFeatures? = nil,
        loadFormat: LoadFormat = .auto
    ) {
        self.computeDtype = computeDtype
        self.gemm = gemm
        self.threads = threads
        self.cpuFeatures = cpuFeatures
        self.loadFormat = loadFormat
    }

    /// Threads there may be at most.
    static let maxThreads = 1024

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

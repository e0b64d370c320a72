public import LLMTensor
import LLMWeights

/// Instruction sets that the kernels have variants for.
public typealias CPUFeatures = LLMTensor.CPUFeatures
/// The GEMM backend of linear layers.
public typealias GEMM = LLMTensor.GEMM

/// The arithmetic of a model's linear layers.
public typealias Arithmetic = LLMTensor.Arithmetic
/// How weights are packed: what they are quantized to.
public typealias Packing = LLMTensor.Packing

/// Where a model's weights come from.
public enum LoadFormat: String, Sendable, CaseIterable {
    /// The checkpoint in the model's folder.
    case auto
    /// Random weights of the config's shape, for measuring.
    case dummy
}

/// How a model is loaded.
public struct LoadOptions: Sendable {
    /// Arithmetic over weights that are floats; nil for what suits them and the CPU: bfloat16 for bfloat16 weights where
    /// the CPU has AVX512-BF16, whatever the instruction sets allowed, else float32. Integers are multiplied as integers
    /// whatever it says; it then chooses the type of cached keys and values only.
    public var computeDtype: Arithmetic?
    /// What weights are quantized to as they are loaded, every matrix, embedding and output head included; nil for as they
    /// are stored. Norms and biases stay float32.
    public var quantization: Packing?
    /// The GEMM backend of linear layers.
    public var gemm: GEMM
    /// Threads that compute; nil for one a physical core that the process may run on, within its control groups' CPU
    /// quota.
    public var threads: Int?
    /// The instruction sets to use; nil for the best there are.
    public var cpuFeatures: CPUFeatures?
    /// Where the weights come from.
    public var loadFormat: LoadFormat
    /// How a reranker that is a decoder is told pairs of texts; nil for what its config and name say.
    public var reranker: PairTemplate?

    /// Options; every one has a default.
    public init(
        computeDtype: Arithmetic? = nil, quantization: Packing? = nil, gemm: GEMM = .auto,
        threads: Int? = nil, cpuFeatures: CPUFeatures? = nil, loadFormat: LoadFormat = .auto,
        reranker: PairTemplate? = nil
    ) {
        self.computeDtype = computeDtype
        self.quantization = quantization
        self.gemm = gemm
        self.threads = threads
        self.cpuFeatures = cpuFeatures
        self.loadFormat = loadFormat
        self.reranker = reranker
    }

    /// Threads that compute where the options do not say: one a physical core that the process may run on, within its
    /// control groups' CPU quota.
    public static var automaticThreads: Int { CPUTopology().threads }

    /// What ``computeDtype`` may be.
    public static let computeDtypes: [Arithmetic] = [.float32, .bfloat16]
    /// What ``quantization`` may be.
    public static let quantizations: [Packing] = [.q8_0, .q4_0, .w8a8]

    /// Threads there may be at most.
    static let maxThreads = 1024

    /// How the weights of a checkpoint are held.
    func linearFormat(_ tensors: any NamedTensors) throws(LLMGenError) -> LinearFormat {
        try check("compute-dtype", computeDtype, LoadOptions.computeDtypes)
        try check("quantization", quantization, LoadOptions.quantizations)
        guard gemm == .auto || (quantization == nil && computeDtype != .bfloat16) else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "gemm is \(gemm.rawValue), which multiplies float32 only; "
                    + "leave it out, or quantization and compute-dtype")
        }
        if let quantization { return LinearFormat(packing: quantization) }
        let matrices = tensors.tensors.filter { $0.shape.count == 2 }
        let suitsBFloat16 = CPUFeatures.avx512bf16.isAvailable && gemm == .auto
        let automatic: Arithmetic =
            suitsBFloat16 && matrices.allSatisfy { $0.dtype == .bfloat16 } ? .bfloat16 : .float32
        return LinearFormat(arithmetic: computeDtype ?? automatic)
    }

    private func check<Value: Equatable>(
        _ option: String, _ value: Value?, _ allowed: [Value]
    ) throws(LLMGenError) {
        guard let value, !allowed.contains(value) else { return }
        throw LLMGenError(
            code: .invalidArgument,
            message: "\(option) is \(value); it must be \(allowed.map { "\($0)" }.joined(separator: ", ")) or left out")
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

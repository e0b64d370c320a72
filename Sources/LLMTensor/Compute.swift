import CLLMKernels
import COpenBLAS

/// The GEMM backend of linear layers.
public enum GEMM: String, Sendable, CaseIterable {
    /// The engine's own kernels: batch invariant.
    case auto
    /// OpenBLAS in float32, which gives up batch invariance: its sums depend on the batch and on the threads.
    case openblas
}

/// Where the ops run: the kernels of one CPU level and a thread pool.
///
/// Every op checks the sizes of its operands before it hands pointers to a kernel.
public struct Compute: Sendable {
    /// The CPU level whose kernels run.
    public let features: CPUFeatures
    /// The GEMM backend of linear layers.
    public let gemm: GEMM
    /// The threads that share an op.
    public let pool: ThreadPool
    let kernels: Kernels

    /// - Parameters:
    ///   - features: the CPU level; it must be available.
    ///   - threads: threads that work on an op; nil takes one a physical core, within the CPU quota.
    public init(features: CPUFeatures = .best, threads: Int? = nil, gemm: GEMM = .auto) {
        precondition(features.isAvailable, "this CPU has no \(features.rawValue)")
        self.features = features
        self.gemm = gemm
        pool = ThreadPool(threads: threads ?? CPUTopology().threads)
        kernels = Kernels(features)
        if gemm == .openblas { openblas_set_num_threads(Int32(pool.threads)) }
    }

    /// Runs `body` over `rows` in pieces, on the pool where the work is worth waking it.
    func overRows(_ rows: Int, elements: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let worthwhile = 16_384
        guard elements > worthwhile, rows > 1 else { return body(0..<rows) }
        let piece = max(1, worthwhile / 2 * rows / elements)
        pool.run((rows + piece - 1) / piece) { index in
            body(index * piece..<min((index + 1) * piece, rows))
        }
    }
}

/// Lets a kernel's argument struct cross to the pool's threads, which only read it; the op that made it waits for them.
struct KernelArguments<Value>: @unchecked Sendable {
    let value: Value
}

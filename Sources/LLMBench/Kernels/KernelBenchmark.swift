public import LLMTensor

/// Times the kernels, each beside what the machine can do at most, measured in turns with it: what
/// `llmgen bench kernels` runs.
///
/// Kernels run as the engine runs them, on the pool and cut into its pieces. Weights and pages come in so many copies,
/// used in turn, that the caches do not hold them, as those of a model's layers. The shapes are those of Llama-3.2-1B; of
/// layers with states, those of Granite 4 and Qwen3-Next.
public struct KernelBenchmark: Sendable {
    /// Where the kernels run.
    public let compute: Compute
    /// Turns of kernel and limit.
    public let runs: Int
    /// Part of the kernels' names; nil for all.
    public let filter: String?
    let limits: MachineLimits

    /// Turns that a median should have.
    public static let minimumRuns = 5

    /// What bounds a kernel.
    public enum Bound: Sendable, Hashable {
        /// Reading the bytes that it needs.
        case memory
        /// The multiply-adds that it needs.
        case operations(MultiplyAdd)
    }

    /// One kernel at one shape.
    public struct Result: Sendable, Hashable {
        /// The kernel's name, such as `linear_q8`.
        public let kernel: String
        /// What it computes, such as `gate_up 16384x2048`.
        public let shape: String
        /// Rows of activations that it computes at once.
        public let rows: Int
        /// Seconds of one pass, the median.
        public let seconds: Double
        /// Operations of one pass, a multiplication and an addition each counted; 0 where they are not what matters.
        public let operations: Double
        /// Bytes that one pass reads: packed weights, pages, or the rows themselves.
        public let byteCount: Int
        /// The limit that is reached first.
        public let bound: Bound
        /// Seconds that this limit allows, the median.
        public let boundSeconds: Double
        /// The median of `boundSeconds / seconds` over the turns: 1 is as fast as can be.
        public let ofLimit: Double

        package init(
            kernel: String, shape: String, rows: Int, seconds: Double, operations: Double, byteCount: Int, bound: Bound,
            boundSeconds: Double, ofLimit: Double
        ) {
            self.kernel = kernel
            self.shape = shape
            self.rows = rows
            self.seconds = seconds
            self.operations = operations
            self.byteCount = byteCount
            self.bound = bound
            self.boundSeconds = boundSeconds
            self.ofLimit = ofLimit
        }

        /// More than noise over 1: then the limit is measured wrong.
        public var exceedsLimit: Bool { ofLimit > 1.03 }
    }

    /// A benchmark of the kernels whose names have `filter` in them.
    ///
    /// - Precondition: there is a run.
    public init(_ compute: Compute, runs: Int = 7, filter: String? = nil) {
        precondition(runs > 0, "a median needs a run")
        self.compute = compute
        self.runs = runs
        self.filter = filter
        limits = MachineLimits(compute)
    }

    /// The kernels there are, in the order in which they run.
    public static let kernels =
        linearKernels.map(\.name) + ["encode", "rms_norm", "rope", "attention", "mamba2_scan", "delta"]

    /// The kernels that this benchmark times.
    public var chosenKernels: [String] {
        KernelBenchmark.kernels.filter { name in filter.map { name.contains($0) } ?? true }
    }

    /// Times kernel after kernel, and tells each result as it comes.
    public func run(_ report: (Result) throws -> Void) rethrows {
        for kernel in chosenKernels {
            for shape in shapes(of: kernel) { for timed in shape() { try report(measure(timed)) } }
        }
    }

    /// A kernel at one shape, on memory of its own.
    struct Case {
        let kernel: String
        let shape: String
        let rows: Int
        let operations: Double
        let arithmetic: MultiplyAdd
        /// What pass `i` reads is at index `i % memory.count`.
        let memory: [ReadPass]
        /// Runs pass `i`.
        let pass: (Int) -> Void
    }

    /// Seconds that a kernel runs before its limits have their turn.
    private static let turn = 0.01

    private func measure(_ timed: Case) -> Result {
        var next = 0
        func passes(_ count: Int) -> Double {
            defer { next += count }
            return secondsTaken { for index in next..<next + count { timed.pass(index) } } / Double(count)
        }
        func reads(_ count: Int) -> Double {
            defer { next += count }
            return (next..<next + count).reduce(0) { $0 + limits.seconds(timed.memory[$1 % timed.memory.count]) }
                / Double(count)
        }
        let warm = min(passes(1), passes(1))
        let count = max(1, Int((KernelBenchmark.turn / warm).rounded(.up)))
        let operations = timed.operations * Double(count)
        // A quarter of long work tells as much: a loop out of registers has no beginning and no end.
        let shortest = KernelBenchmark.turn * 1e7 / limits.seconds(timed.arithmetic, operations: 1e7)
        let measured = min(operations, max(operations / 4, shortest))

        var (own, memory, arithmetic): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<runs {
            own.append(passes(count))
            memory.append(reads(count))
            guard measured > 0 else { continue }
            arithmetic.append(limits.seconds(timed.arithmetic, operations: measured) * timed.operations / measured)
        }
        let isArithmetic = measured > 0 && median(arithmetic) > median(memory)
        let bounds = isArithmetic ? arithmetic : memory
        return Result(
            kernel: timed.kernel, shape: timed.shape, rows: timed.rows, seconds: median(own),
            operations: timed.operations, byteCount: timed.memory[0].byteCount,
            bound: isArithmetic ? .operations(timed.arithmetic) : .memory, boundSeconds: median(bounds),
            ofLimit: median(zip(bounds, own).map { $0 / $1 }))
    }
}

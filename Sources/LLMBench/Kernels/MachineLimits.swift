import CLLMKernelHarness
public import LLMTensor

/// A kind of multiply-add that a CPU has instructions for.
public enum MultiplyAdd: String, Sendable, CaseIterable {
    /// Bytes by 8-bit weights.
    case int8
    /// Bytes by 4-bit weights: faster than by 8 bits where there is no dot product of bytes.
    case int4
    /// Pairs of bfloat16; as float32 where there is no instruction for them.
    case bfloat16
    /// float32, rounded once.
    case float32

    fileprivate var kernelLimit: llm_limit {
        switch self {
        case .int8: LLM_LIMIT_INT8
        case .int4: LLM_LIMIT_INT4
        case .bfloat16: LLM_LIMIT_BFLOAT16
        case .float32: LLM_LIMIT_FLOAT32
        }
    }
}

/// What the machine can do at most at a CPU level, measured by the pool that computes (docs/kernels.md).
public struct MachineLimits: Sendable {
    private let pool: ThreadPool
    private let read: llm_read_fn
    private let loops: [MultiplyAdd: Loop]

    private struct Loop: Sendable {
        let function: llm_multiply_add_fn
        let operations: Int
    }

    /// The limits of the compute's CPU level and threads. Nothing is measured yet.
    public init(_ compute: Compute) {
        pool = compute.pool
        let mask = compute.features.mask
        var count = 0
        let readers = UnsafeBufferPointer(start: llm_read_variants(&count), count: count)
        guard let read = readers.last(where: { $0.features & ~mask == 0 })?.function else {
            preconditionFailure("no loop that reads memory")
        }
        self.read = read
        var loops: [MultiplyAdd: Loop] = [:]
        for kind in MultiplyAdd.allCases {
            let variants = UnsafeBufferPointer(
                start: llm_multiply_add_variants(kind.kernelLimit, &count), count: count)
            guard let chosen = variants.last(where: { $0.features & ~mask == 0 }), let function = chosen.function else {
                preconditionFailure("no loop of multiply-adds")
            }
            loops[kind] = Loop(function: function, operations: chosen.operations)
        }
        self.loops = loops
    }

    /// Bytes a second that all threads together read from `byteCount` bytes of memory of their own: the median of
    /// `runs` passes. Much more than the caches hold gives the memory's bandwidth.
    public func readBytesPerSecond(over byteCount: Int, runs: Int = 7) -> Double {
        let storage = Storage(count: byteCount / MemoryLayout<Float>.stride, inHugePages: true)
        let memory = UnsafeMutableRawBufferPointer(start: storage.base, count: byteCount)
        memory.initializeMemory(as: UInt8.self, repeating: 1)  // so that the system provides it
        let pass = ReadPass([UnsafeRawBufferPointer(memory)], threads: pool.threads)
        let seconds = (0..<runs).map { _ in self.seconds(pass) }
        withExtendedLifetime(storage) {}
        return Double(pass.byteCount) / median(seconds)
    }

    /// Bytes a second that all threads together read in one pass over packed weights, one matrix after the other.
    public func readBytesPerSecond(of weights: [PackedWeights]) -> Double {
        let pass = ReadPass(weights.flatMap(\.memory), threads: pool.threads)
        return Double(pass.byteCount) / seconds(pass)
    }

    /// Operations a second that all threads together do at most, a multiplication and an addition each counted: the
    /// median of `runs` runs of some milliseconds.
    public func operationsPerSecond(_ kind: MultiplyAdd, runs: Int = 7) -> Double {
        let first = 1e7 / seconds(kind, operations: 1e7)
        let operations = first * 0.005
        return operations / median((0..<runs).map { _ in seconds(kind, operations: operations) })
    }

    /// Seconds that one pass over memory takes.
    func seconds(_ pass: ReadPass) -> Double {
        secondsTaken {
            pool.run(pass.pieces.count) { index in
                read(pass.pieces[index].baseAddress, pass.pieces[index].count)
            }
        }
    }

    /// Seconds that so many operations take, measured on as many or a few more.
    func seconds(_ kind: MultiplyAdd, operations: Double) -> Double {
        guard let loop = loops[kind] else { preconditionFailure("no loop of \(kind)") }
        let pieces = pool.threads * 16
        let rounds = Int((operations / Double(loop.operations * pieces)).rounded(.up))
        let taken = secondsTaken { pool.run(pieces) { _ in loop.function(rounds) } }
        return taken * operations / Double(loop.operations * pieces * rounds)
    }
}

/// Memory to be read once, cut into pieces for the pool's threads.
struct ReadPass: @unchecked Sendable {
    let pieces: [UnsafeRawBufferPointer]

    /// Pieces of 16 to 256 KiB, several a thread where there is so much.
    init(_ memory: [UnsafeRawBufferPointer], threads: Int) {
        let total = memory.reduce(0) { $0 + $1.count }
        let size = min(max(total / (threads * 8), 16 << 10), 256 << 10) / 64 * 64
        pieces = memory.flatMap { part in
            stride(from: 0, to: part.count / 64 * 64, by: size).map { start in
                UnsafeRawBufferPointer(rebasing: part[start..<min(start + size, part.count / 64 * 64)])
            }
        }
    }

    var byteCount: Int { pieces.reduce(0) { $0 + $1.count } }
}

func secondsTaken(_ body: () -> Void) -> Double {
    let duration = ContinuousClock().measure(body)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// The middle one, or the mean of the two in the middle.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

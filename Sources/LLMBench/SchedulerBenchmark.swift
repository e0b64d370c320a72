import Foundation
public import LLMGen
import LLMScheduling

/// Measures what scheduling costs and how many sequences a paged cache holds: what `llmgen bench scheduler` runs. It
/// needs no model.
public struct SchedulerBenchmark: Sendable {
    /// What scheduling costs.
    public struct Cost: Sendable, Hashable {
        /// Sequences that run.
        public let running: Int
        /// Sequences that wait.
        public let waiting: Int
        /// Blocks of 32 tokens there are.
        public let blocks: Int
        /// Seconds of `schedule` and `commit` together, the median of the steps.
        public let stepSeconds: Double
        /// The 99th percentile of a step, in seconds.
        public let slowStepSeconds: Double
        /// Bytes of memory that a waiting sequence takes, besides 4 for each prompt token.
        public let bytesPerWaiting: Double
        /// Tokens of the cached prefix below.
        public let prefixTokens: Int
        /// Seconds of the step that finds that prefix and begins with it, the median of the runs.
        public let matchSeconds: Double
    }

    /// How many sequences the same memory holds at once, in blocks and in whole contexts.
    public struct Capacity: Sendable, Hashable {
        /// Blocks of 32 tokens.
        public let blocks: Int
        /// Sequences for which that is room for a whole context of `contextTokens` each.
        public let reserved: Int
        /// Tokens of a whole context.
        public let contextTokens: Int
        /// Sequences that ran at once over blocks, the mean of the steps.
        public let paged: Double
        /// The share of slots in blocks that sequences held and no token had, the mean of the steps.
        public let waste: Double
        /// Times a sequence lost its blocks, a finished one.
        public let preemptionsPerSequence: Double
    }

    /// A benchmark.
    public init() {}

    private static let blockSize = 32

    // MARK: Cost

    /// Measures the cost with so many running and waiting sequences.
    public func cost(running: Int = 256, waiting: Int = 10_000, blocks: Int = 1_000_000) throws(LLMGenError) -> Cost {
        var scheduler = try scheduler(blocks: blocks, seqs: running, tokens: 8192, length: 131_072)
        var next: UInt64 = 0
        func add(_ count: Int, prompt: Int, _ scheduler: inout Scheduler) throws(LLMGenError) {
            for _ in 0..<count {
                next += 1
                let tokens = (0..<prompt).map { TokenID(truncatingIfNeeded: $0 &* 31 &+ Int(next) &* 7919) & 0xFFFF }
                do {
                    try scheduler.add(SequenceRequest(id: SequenceID(next), prompt: tokens, maxTokens: 60_000))
                } catch {
                    throw LLMGenError(error)
                }
            }
        }
        try add(running, prompt: 1000, &scheduler)
        while scheduler.waitingCount > 0 || scheduler.sequence(SequenceID(next))?.outputCount == 0 {
            _ = step(&scheduler)
        }
        let (before, promptTokens) = (SchedulerBenchmark.residentBytes, 500)
        try add(waiting, prompt: promptTokens, &scheduler)
        let taken = SchedulerBenchmark.residentBytes - before
        let seconds = (0..<2000).map { _ in step(&scheduler) }.sorted()
        return Cost(
            running: running, waiting: waiting, blocks: blocks, stepSeconds: seconds[seconds.count / 2],
            slowStepSeconds: seconds[seconds.count * 99 / 100],
            bytesPerWaiting: Double(taken) / Double(waiting) - Double(4 * promptTokens), prefixTokens: 8000,
            matchSeconds: try match(prefix: 8000, blocks: blocks))
    }

    private func match(prefix: Int, blocks: Int) throws(LLMGenError) -> Double {
        var scheduler = try scheduler(blocks: blocks, seqs: 4, tokens: 8192, length: 131_072)
        let tokens = (0..<TokenID(prefix)).map { $0 &* 31 & 0xFFFF }
        var seconds: [Double] = []
        for run in 0..<101 {
            do {
                try scheduler.add(
                    SequenceRequest(id: SequenceID(UInt64(run)), prompt: tokens + [TokenID(run)], maxTokens: 1))
            } catch {
                throw LLMGenError(error)
            }
            seconds.append(step(&scheduler))
        }
        let sorted = seconds.dropFirst().sorted()
        return sorted[sorted.count / 2]
    }

    /// One step in which every sequence gets a token; returns the seconds that scheduling took.
    private func step(_ scheduler: inout Scheduler) -> Double {
        let start = ContinuousClock.now
        let batch = scheduler.schedule()
        let scheduled = ContinuousClock.now - start
        var tokens: [SequenceID: [TokenID]] = [:]
        for sequence in batch.sequences where sequence.needsLogits { tokens[sequence.id] = [7] }
        let resumed = commitSeconds(&scheduler, tokens, consume batch)
        return scheduled.seconds + resumed
    }

    private func commitSeconds(
        _ scheduler: inout Scheduler, _ tokens: [SequenceID: [TokenID]], _ batch: consuming ScheduledBatch
    ) -> Double {
        let start = ContinuousClock.now
        _ = scheduler.commit(tokens, nanoseconds: 10_000_000)
        return (ContinuousClock.now - start).seconds
    }

    private static var residentBytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    // MARK: Capacity

    /// Runs `sequences` sequences whose final lengths are log-uniform from 64 to 4096, half of each the prompt, through
    /// the blocks that `reserved` whole contexts take.
    public func capacity(
        reserved: Int = 32, contextTokens: Int = 8192, sequences: Int = 4000
    ) throws(LLMGenError) -> Capacity {
        let blocks = reserved * contextTokens / SchedulerBenchmark.blockSize
        var scheduler = try scheduler(blocks: blocks, seqs: 4096, tokens: 8192, length: contextTokens)
        var generator = Generator(state: 1)
        for id in 0..<sequences {
            let length = Int(64 * pow(64, generator.uniform()))
            let prompt = (0..<length / 2).map { _ in TokenID(generator.uniform() * 65536) }
            do {
                try scheduler.add(
                    SequenceRequest(id: SequenceID(UInt64(id)), prompt: prompt, maxTokens: length - length / 2))
            } catch {
                throw LLMGenError(error)
            }
        }
        var (running, waste, steps) = (0, 0.0, 0)
        // While others wait: afterwards the cache empties.
        while scheduler.waitingCount > 0 {
            _ = step(&scheduler)
            guard scheduler.totals.finished > sequences / 10 else { continue }
            steps += 1
            running += scheduler.runningCount
            let (slots, used) = scheduler.slots
            waste += 1 - Double(used) / Double(slots)
        }
        return Capacity(
            blocks: blocks, reserved: reserved, contextTokens: contextTokens, paged: Double(running) / Double(steps),
            waste: waste / Double(steps),
            preemptionsPerSequence: Double(scheduler.totals.preemptions) / Double(scheduler.totals.finished))
    }

    private func scheduler(blocks: Int, seqs: Int, tokens: Int, length: Int) throws(LLMGenError) -> Scheduler {
        do {
            return Scheduler(
                try SchedulerOptions(
                    blockSize: SchedulerBenchmark.blockSize, blockCount: blocks, maxNumSeqs: seqs,
                    maxNumBatchedTokens: tokens, maxModelLength: length))
        } catch {
            throw LLMGenError(error)
        }
    }

    /// A small generator (SplitMix64), so that every run has the same load.
    private struct Generator {
        var state: UInt64

        /// A number in [0, 1).
        mutating func uniform() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
        }
    }
}

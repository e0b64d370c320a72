import LLMScheduling
import LLMTestSupport

/// A random load on random limits, with everything that can happen to a sequence; whatever happens, each gets the tokens
/// it gets alone.
struct Simulation {
    let options: SchedulerOptions
    var generator: SeededGenerator
    var problems: [String] = []
    var totals: SchedulerTotals { scheduler.totals }
    var promptsAlone = 0  // that were computed to their end

    var scheduler: Scheduler
    var model: PagedToyModel
    let draftProbability: Double  // with which a sequence gets a draft for a step
    var known: [SequenceID: Sample] = [:]  // all ever, by the id of their sequence
    var states: [SequenceID: [Int: UInt64]] = [:]  // of prompts whose states are wanted, by position
    var step = 0  // steps in which no result was withheld
    var clock: Int64 = 0
    var computed = 0
    var cached = 0

    /// One sequence's request, and which of the request's samples it is.
    struct Sample {
        let request: SequenceRequest
        let index: Int
        /// The step after which it has ended under `fcfs`.
        var lastStep: Int
        /// What it yields alone.
        let output: [TokenID]
        let reason: FinishReason

        init(_ request: SequenceRequest, index: Int, lastStep: Int, _ options: SchedulerOptions) {
            self.request = request
            self.index = index
            self.lastStep = lastStep
            (output, reason) = PagedToyModel.alone(request, sample: index, options)
        }
    }

    /// Draws limits, then everything else, from `seed`.
    init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        options = try Self.randomOptions(&generator)
        // Now and then hashes of few bits, so that prefixes collide all the time.
        scheduler = Scheduler(options, hashBits: [64, 64, 2, 6].randomElement(using: &generator) ?? 64)
        model = PagedToyModel(options)
        draftProbability = [0, 0.3, 0.9].randomElement(using: &generator) ?? 0
    }

    mutating func run() {
        let arrivals = UInt64.random(in: 1...24, using: &generator)
        var nextID: UInt64 = 0
        var steps = 0
        while problems.isEmpty, nextID < arrivals || !scheduler.isEmpty {
            while nextID < arrivals, Bool.random(using: &generator) {
                add(SequenceID(nextID * 100))
                nextID += 1
            }
            computeStep()
            steps += 1
            if steps > 20_000 { problems.append("sequences are live after \(steps) steps") }
        }
        if computed != totals.computedTokens || cached != totals.cachedTokens {
            problems.append("computed \(computed), cached \(cached), \(totals)")
        }
        if scheduler.usedBlockCount != 0 { problems.append("blocks are held by nobody") }
        if !options.prefixCaching && totals.cachedTokens + scheduler.cachedBlockCount > 0 {
            problems.append("a cache that is off has \(scheduler.cachedBlockCount) blocks")
        }
        if !problems.isEmpty { problems.append("in step \(steps)") }
    }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }
}

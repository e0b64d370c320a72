import LLMScheduling
import LLMTestSupport

/// A random load on random limits, with everything that can happen to a sequence; whatever happens, each gets the tokens
/// it gets alone.
struct Simulation {
    let options: SchedulerOptions
    var generator: SeededGenerator
    var problems: [String] = []
    var totals: SchedulerTotals { scheduler.totals }

    private var scheduler: Scheduler
    private var model: PagedToyModel
    private var known: [SequenceID: Sample] = [:]  // all ever, by the id of their sequence
    private var states: [SequenceID: [Int: UInt64]] = [:]  // of prompts whose states are wanted, by position
    private(set) var promptsAlone = 0  // that were computed to their end
    private var step = 0  // steps in which no result was withheld
    private var clock: Int64 = 0
    private var computed = 0
    private var cached = 0

    /// One sequence's request, and which of the request's samples it is.
    private struct Sample {
        let request: SequenceRequest
        let index: Int
        /// The step after which it has ended under `fcfs`.
        let lastStep: Int
    }

    /// Draws limits, then everything else, from `seed`.
    init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        options = try Self.randomOptions(&generator)
        // Now and then hashes of few bits, so that prefixes collide all the time.
        scheduler = Scheduler(options, hashBits: [64, 64, 2, 6].randomElement(using: &generator) ?? 64)
        model = PagedToyModel(options)
    }

    private static func randomOptions(_ generator: inout SeededGenerator) throws -> SchedulerOptions {
        let blockSize = [1, 2, 4, 16, 32].randomElement(using: &generator) ?? 16
        var options = try makeOptions(
            blockSize: blockSize,
            blocks: Int.random(in: 1...(1 + 96 / blockSize), using: &generator),
            seqs: Int.random(in: 1...12, using: &generator),
            budget: Int.random(in: 1...80, using: &generator),
            length: Int.random(in: 2...120, using: &generator))
        options.prefixCaching = Int.random(in: 0..<4, using: &generator) > 0
        options.policy = Int.random(in: 0..<3, using: &generator) == 0 ? .priority : .fcfs
        if Bool.random(using: &generator) {
            try options.setTargetITL(.random(in: 1000...100_000, using: &generator))
        }
        if Int.random(in: 0..<4, using: &generator) == 0 {
            try options.boundQueue(
                requests: Int.random(in: 1...8, using: &generator),
                tokens: Int.random(in: 20...200, using: &generator))
        }
        return options
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

    private mutating func add(_ id: SequenceID) {
        let vocabulary = TokenID(PagedToyModel.vocabulary)
        // Many prompts begin alike: with a prompt there was, or with zeros.
        var prompt: [TokenID] = []
        if chance(0.5), let former = known.keys.sorted(by: { $0.value < $1.value }).randomElement(using: &generator) {
            let tokens = known[former]!.request.prompt
            prompt = Array(tokens.prefix(Int.random(in: 0...tokens.count, using: &generator)))
        } else if chance(0.3) {
            prompt = Array(repeating: 0, count: Int.random(in: 0...20, using: &generator))
        }
        prompt += (0..<Int.random(in: 1...20, using: &generator)).map { _ in
            TokenID.random(in: 0..<vocabulary, using: &generator)
        }
        var request = SequenceRequest(
            id: id, prompt: prompt, maxTokens: chance(0.7) ? Int.random(in: 1...40, using: &generator) : nil,
            minTokens: chance(0.2) ? Int.random(in: 0...10, using: &generator) : 0,
            stopTokens: Set(
                (0..<Int.random(in: 0...1, using: &generator)).map { _ in
                    TokenID.random(in: 0..<vocabulary, using: &generator)
                }))
        if chance(0.3) { request.width = Int.random(in: 1...4, using: &generator) }
        if chance(0.3) { request.priority = Int.random(in: -1...1, using: &generator) }
        if chance(0.1) { request.deadline = clock + Int64.random(in: 0...2_000_000, using: &generator) }
        if chance(0.3) { request.cacheSalt = ["a", "b"].randomElement(using: &generator) }
        if chance(0.1) { request.readsPrefixCache = false }
        if chance(0.2) {
            request.readsPrefixCache = false
            request.promptStates = Bool.random(using: &generator) ? .all : .last
        }
        guard (try? scheduler.add(request)) != nil else { return check() }
        // One token a step for each of those before it and itself is what it may have to wait for.
        let line = (scheduler.runningIDs + scheduler.waitingIDs).reduce(0) { $0 + lengthLimit($1, request) }
        known[id] = Sample(request: request, index: 0, lastStep: step + line)
        check()
    }

    /// The tokens that sequence `id`, and what may branch off it, can have at most.
    private func lengthLimit(_ id: SequenceID, _ newest: SequenceRequest) -> Int {
        let request = known[id]?.request ?? newest
        if request.promptStates != nil { return request.prompt.count }
        return (request.maxTokens.map { request.prompt.count + $0 } ?? options.maxSequenceLength) * request.width
    }

    private mutating func computeStep() {
        if chance(0.02) { scheduler.resetPrefixCache() }
        for finished in scheduler.expire(at: clock) {
            if finished.reason != .timeout || known[finished.id]!.request.deadline! > clock {
                problems.append("\(finished.id) ended before its time")
            }
            checkPrefix(of: finished)
        }
        check()
        let before = scheduler.runningIDs
        var batch = scheduler.schedule()
        check()
        check(batch, before)
        for started in batch.started { cached += started.cachedTokens }
        if chance(0.02) {
            batch = scheduler.schedule()
            for started in batch.started { cached += started.cachedTokens }
        }
        let logits = model.logits(batch)
        take(model.states(batch))
        if chance(0.1), let sequence = batch.sequences.randomElement(using: &generator) {
            end(sequence.id)
        }
        var (tokens, branches) = draw(logits)
        var withheld = false
        if chance(0.05), let sequence = batch.sequences.randomElement(using: &generator) {
            withheld = tokens.removeValue(forKey: sequence.id) != nil
        }
        for sequence in batch.sequences {
            let isLive = scheduler.sequence(sequence.id) != nil
            if isLive && (!sequence.needsLogits || tokens[sequence.id] != nil) { computed += sequence.positions.count }
        }
        branches = branches.filter { tokens[$0.key] != nil }
        for branch in branches.values.joined() { known[branch.id] = sample(of: branch.id) }
        let duration = 500 + 100 * Int64(batch.work.rows) + Int64.random(in: 0...200, using: &generator)
        clock += duration
        let events = scheduler.commit(tokens, branches: branches, nanoseconds: chance(0.9) ? duration : nil)
        if !withheld { step += 1 }
        for finished in events.finished { settle(finished) }
        check()
        if chance(0.05), let id = scheduler.waitingIDs.randomElement(using: &generator) { end(id) }
    }

    /// Takes states as they come: in order, from the first position again where a sequence is computed again.
    private mutating func take(_ states: [SequenceID: [Int: UInt64]]) {
        for (id, new) in states {
            let first = new.keys.min() ?? 0
            if known[id]?.request.promptStates == .all, first > 0 {
                if self.states[id]?.count != first { problems.append("\(id) goes on with position \(first)") }
                self.states[id]?.merge(new) { $1 }
            } else {
                self.states[id] = new
            }
        }
    }

    /// Each sequence's token, and the first ones of the samples that branch off it.
    private func draw(_ logits: [SequenceID: UInt64]) -> ([SequenceID: TokenID], [SequenceID: [Branch]]) {
        var tokens: [SequenceID: TokenID] = [:]
        var branches: [SequenceID: [Branch]] = [:]
        for (id, logits) in logits {
            guard let state = scheduler.sequence(id), let sample = known[id] else { continue }
            tokens[id] = PagedToyModel.token(logits, sample: sample.index)
            guard sample.index == 0, sample.request.width > 1, state.outputCount == 0 else { continue }
            branches[id] = (1..<sample.request.width).map { index in
                Branch(
                    id: SequenceID(id.value + UInt64(index)), token: PagedToyModel.token(logits, sample: index))
            }
        }
        return (tokens, branches)
    }

    /// What sequence `id`, which has just branched off, is a sample of.
    private func sample(of id: SequenceID) -> Sample {
        let index = Int(id.value % 100)
        let parent = known[SequenceID(id.value - UInt64(index))]!
        return Sample(request: parent.request, index: index, lastStep: parent.lastStep)
    }

    private mutating func check(_ batch: ScheduledBatch, _ before: [SequenceID]) {
        if Set(batch.sequences.map(\.id)) != Set(scheduler.runningIDs) || batch.counts.contains(0) {
            problems.append("not every running sequence has a token")
        }
        if batch.isEmpty != scheduler.isEmpty { problems.append("there is work and none is scheduled") }
        if batch.tokens.count > options.maxNumBatchedTokens { problems.append("\(batch.tokens.count) tokens") }
        guard options.policy == .fcfs else { return }
        if !batch.preempted.isEmpty && !batch.started.isEmpty { problems.append("a step that preempted started") }
        if Array(before.reversed().prefix(batch.preempted.count)) != batch.preempted {
            problems.append("preempted \(batch.preempted) of \(before)")
        }
        if batch.sequences.map(\.id) != scheduler.runningIDs { problems.append("the batch is out of order") }
    }

    /// A sequence ended by itself: with the tokens, the reason and in the time it should have.
    private mutating func settle(_ finished: FinishedSequence) {
        guard let sample = known[finished.id] else { return problems.append("unknown \(finished.id) finished") }
        let expected = PagedToyModel.alone(
            sample.request, sample: sample.index, lengthLimit: options.maxSequenceLength)
        if Array(finished.output) != expected.output || finished.reason != expected.reason {
            problems.append("\(finished.id): \(finished.output), \(finished.reason), alone \(expected)")
        }
        if sample.request.promptStates != nil {
            promptsAlone += 1
            if states[finished.id] != PagedToyModel.statesAlone(sample.request) {
                problems.append("\(finished.id) has other states than alone")
            }
        }
        if options.policy == .fcfs && step > sample.lastStep {
            problems.append("\(finished.id) finished after step \(sample.lastStep)")
        }
    }

    /// A sequence is ended by its client or by a stop string.
    private mutating func end(_ id: SequenceID) {
        guard scheduler.sequence(id) != nil else { return }
        let ended = Bool.random(using: &generator) ? scheduler.abort(id) : scheduler.finish(id, reason: .stop)
        if let ended { checkPrefix(of: ended) }
        check()
    }

    /// What ended early has the first of the tokens it would have got.
    private mutating func checkPrefix(of ended: FinishedSequence) {
        guard let sample = known[ended.id] else { return problems.append("unknown \(ended.id) ended") }
        let expected = PagedToyModel.alone(
            sample.request, sample: sample.index, lengthLimit: options.maxSequenceLength)
        if Array(ended.output) != Array(expected.output.prefix(ended.output.count)) {
            problems.append("\(ended.id) has \(ended.tokens)")
        }
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }

    private mutating func check() {
        problems += scheduler.invariantViolations()
    }
}

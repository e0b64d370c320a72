import LLMScheduling
import LLMTestSupport
import Testing

/// Random loads on random limits: whatever else goes on, each sequence gets the tokens it gets alone, in time.
@Suite struct SimulationTests {
    @Test func `every sequence gets the tokens it gets alone, within its bound of steps`() throws {
        var preemptions = 0
        for seed in UInt64(0)..<400 {
            var generator = SeededGenerator(seed: seed)
            var simulation = Simulation(options: try Simulation.randomOptions(&generator), generator: generator)
            simulation.run()
            #expect(simulation.problems == [], "seed \(seed), \(simulation.options)")
            preemptions += simulation.preemptions
        }
        #expect(preemptions > 1000, "the loads are too light to say anything")
    }
}

private struct Simulation {
    let options: SchedulerOptions
    var generator: SeededGenerator
    var problems: [String] = []
    private var scheduler: Scheduler
    private var model: PagedToyModel
    private var requests: [SequenceID: SequenceRequest] = [:]
    private var deadlines: [SequenceID: Int] = [:]
    private var step = 0  // steps in which no result was withheld
    private var computed = 0
    private var needed = 0

    init(options: SchedulerOptions, generator: SeededGenerator) {
        self.options = options
        self.generator = generator
        scheduler = Scheduler(options)
        model = PagedToyModel(options)
    }

    static func randomOptions(_ generator: inout SeededGenerator) throws -> SchedulerOptions {
        let blockSize = [1, 2, 4, 16, 32].randomElement(using: &generator) ?? 16
        return try makeOptions(
            blockSize: blockSize,
            blocks: Int.random(in: 1...(1 + 96 / blockSize), using: &generator),
            seqs: Int.random(in: 1...12, using: &generator),
            budget: Int.random(in: 1...80, using: &generator),
            length: Int.random(in: 2...120, using: &generator))
    }

    var preemptions: Int { scheduler.totals.preemptions }

    mutating func run() {
        let arrivals = 40
        var nextID: UInt64 = 0
        while problems.isEmpty, nextID < arrivals || !scheduler.isEmpty {
            while nextID < arrivals, Bool.random(using: &generator) {
                add(SequenceID(nextID))
                nextID += 1
            }
            computeStep()
        }
        let totals = scheduler.totals
        if computed != totals.computedTokens || computed != needed + totals.discardedTokens {
            problems.append("computed \(computed), needed \(needed), \(totals)")
        }
        if !problems.isEmpty { problems.append("in step \(step)") }
    }

    private mutating func add(_ id: SequenceID) {
        let vocabulary = TokenID(PagedToyModel.vocabulary)
        let request = SequenceRequest(
            id: id,
            prompt: (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                TokenID.random(in: 0..<vocabulary, using: &generator)
            },
            maxTokens: chance(0.7) ? Int.random(in: 1...40, using: &generator) : nil,
            minTokens: chance(0.2) ? Int.random(in: 0...10, using: &generator) : 0,
            stopTokens: Set(
                (0..<Int.random(in: 0...1, using: &generator)).map { _ in
                    TokenID.random(in: 0..<vocabulary, using: &generator)
                }))
        guard (try? scheduler.add(request)) != nil else { return check() }
        requests[id] = request
        // One token a step for each of those before it and itself is what it may have to wait for.
        let line = scheduler.runningIDs + scheduler.waitingIDs
        deadlines[id] = step + line.reduce(0) { $0 + lengthLimit(requests[$1]) }
        check()
    }

    private mutating func computeStep() {
        let before = scheduler.runningIDs
        var batch = scheduler.schedule()
        check()
        if !batch.preempted.isEmpty && scheduler.runningCount > before.count - batch.preempted.count {
            problems.append("a step that preempted started somebody")
        }
        if Array(before.reversed().prefix(batch.preempted.count)) != batch.preempted {
            problems.append("preempted \(batch.preempted) of \(before)")
        }
        if batch.sequences.map(\.id) != scheduler.runningIDs || batch.counts.contains(0) {
            problems.append("not every running sequence has a token")
        }
        if batch.isEmpty != scheduler.isEmpty { problems.append("there is work and none is scheduled") }
        if chance(0.02) { batch = scheduler.schedule() }
        var tokens = model.compute(batch)
        var withheld = false
        if chance(0.1), let sequence = batch.sequences.randomElement(using: &generator) {
            end(sequence.id)
        }
        if chance(0.05), let sequence = batch.sequences.randomElement(using: &generator) {
            withheld = tokens.removeValue(forKey: sequence.id) != nil
        }
        for sequence in batch.sequences {
            let isLive = scheduler.sequence(sequence.id) != nil
            if isLive && (!sequence.needsLogits || tokens[sequence.id] != nil) { computed += sequence.positions.count }
        }
        let events = scheduler.commit(tokens)
        if !withheld { step += 1 }
        for finished in events.finished { settle(finished) }
        check()
        if chance(0.05), let id = scheduler.waitingIDs.randomElement(using: &generator) { end(id) }
    }

    /// A sequence ended by itself: with the tokens, the reason and in the time it should have.
    private mutating func settle(_ finished: FinishedSequence) {
        guard let request = requests[finished.id], let deadline = deadlines[finished.id] else {
            return problems.append("unknown \(finished.id) finished")
        }
        let expected = PagedToyModel.alone(request, lengthLimit: options.maxSequenceLength)
        if Array(finished.output) != expected.output || finished.reason != expected.reason {
            problems.append("\(finished.id): \(finished.output), \(finished.reason), alone \(expected)")
        }
        if step > deadline { problems.append("\(finished.id) finished after step \(deadline)") }
        needed += finished.tokens.count - 1
    }

    /// A sequence is ended by its client or by a stop string, with the first of the tokens it would have got.
    private mutating func end(_ id: SequenceID) {
        guard let state = scheduler.sequence(id), let request = requests[id] else { return }
        let expected = PagedToyModel.alone(request, lengthLimit: options.maxSequenceLength)
        if state.tokens != request.prompt + expected.output.prefix(state.outputCount) {
            problems.append("\(id) has \(state.tokens)")
        }
        needed += state.computedCount
        if Bool.random(using: &generator) { scheduler.abort(id) } else { scheduler.finish(id, reason: .stop) }
        check()
    }

    private func lengthLimit(_ request: SequenceRequest?) -> Int {
        guard let request else { return 0 }
        return request.maxTokens.map { request.prompt.count + $0 } ?? options.maxSequenceLength
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }

    private mutating func check() {
        problems += scheduler.invariantViolations()
    }
}

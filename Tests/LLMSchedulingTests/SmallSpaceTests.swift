import LLMScheduling
import Testing

/// Every interleaving of add, schedule, commit, abort and finish for up to three sequences on four blocks of two
/// tokens: the whole space that can be reached, not only to some depth.
@Suite struct SmallSpaceTests {
    @Test(arguments: [1, 2, 3, 8], [2, 3])
    func `no interleaving breaks an invariant, stalls or changes a sequence's tokens`(budget: Int, seqs: Int) throws {
        let options = try makeOptions(blockSize: 2, blocks: 4, seqs: seqs, budget: budget, length: 8)
        // Breadth first, so that the trace of a failure is as short as one can be.
        var frontier = [(state: State(options), trace: [Action]())]
        var visited: Set = [frontier[0].state.key]
        while !frontier.isEmpty {
            var next: [(state: State, trace: [Action])] = []
            for (state, trace) in frontier {
                for action in state.actions {
                    var after = state
                    let problems = try after.perform(action)
                    try #require(problems == [], "after \(trace + [action])")
                    if visited.insert(after.key).inserted { next.append((after, trace + [action])) }
                }
            }
            frontier = next
        }
        #expect(visited.count > 1000)
    }
}

private enum Action: Hashable {
    case add(size: Int)
    case schedule
    case commit
    case commitWithout(SequenceID)
    case abort(SequenceID)
    case finish(SequenceID)
}

private struct State {
    var scheduler: Scheduler
    var model: PagedToyModel
    var batch: ScheduledBatch?
    var added: [SequenceRequest] = []

    /// Prompt, most output and samples of what may be added: small, on a block's edge, all there is room for, two samples
    /// that share a block, and a prompt alone that fills every block. All begin alike, so that they share what is cached
    /// too.
    static let sizes: [(prompt: Int, maxTokens: Int?, width: Int, states: PromptStates?)] = [
        (1, 2, 1, nil), (4, 2, 1, nil), (3, nil, 1, nil), (3, 2, 2, nil), (8, nil, 1, .last),
    ]

    init(_ options: SchedulerOptions) {
        scheduler = Scheduler(options)
        model = PagedToyModel(options)
    }

    /// Everything that can make a difference later.
    struct Key: Hashable {
        let running: [[Int]]
        let waiting: [[Int]]
        let blocks: [[[Int]]]
        let added: Int
        let step: [Range<Int>]?
    }

    var key: Key {
        func describe(_ id: SequenceID) -> [Int] {
            guard let state = scheduler.sequence(id) else { return [] }
            return [Int(id.value), state.promptCount, state.tokens.count, state.computedCount, state.scheduledCount]
                + state.blockTable.map(Int.init)
        }
        return Key(
            running: scheduler.runningIDs.map(describe), waiting: scheduler.waitingIDs.map(describe),
            blocks: scheduler.blockStates, added: added.count, step: batch?.sequences.map(\.positions))
    }

    var actions: [Action] {
        var actions: [Action] = [.schedule]
        if added.count < 3 {
            let fitting = Self.sizes.indices.filter { Self.sizes[$0].width <= scheduler.options.maxNumBatchedTokens }
            actions += fitting.map { .add(size: $0) }
        }
        for id in scheduler.runningIDs + scheduler.waitingIDs { actions += [.abort(id), .finish(id)] }
        if let batch {
            actions.append(.commit)
            actions += batch.sequences.filter(\.needsLogits).map { .commitWithout($0.id) }
        }
        return actions
    }

    /// Does one thing; returns what is wrong afterwards.
    mutating func perform(_ action: Action) throws -> [String] {
        var problems: [String] = []
        switch action {
        case .add(let size):
            let (prompt, maxTokens, width, states) = Self.sizes[size]
            var request = makeRequest(0, prompt: prompt, maxTokens: maxTokens)
            request.id = SequenceID(UInt64(added.count))
            request.width = width
            request.promptStates = states
            request.readsPrefixCache = states == nil
            try scheduler.add(request)
            added.append(request)
        case .schedule:
            let batch = scheduler.schedule()
            if batch.isEmpty != scheduler.isEmpty { problems.append("there is work and none is scheduled") }
            if batch.ids != scheduler.runningIDs.map(\.value) || batch.counts.contains(0) {
                problems.append("not every running sequence has a token")
            }
            self.batch = batch
        case .commit:
            problems += try commit(without: nil)
        case .commitWithout(let id):
            problems += try commit(without: id)
        case .abort(let id):
            if scheduler.abort(id)?.reason != .abort { problems.append("\(id) was not aborted") }
        case .finish(let id):
            if scheduler.finish(id, reason: .stop)?.reason != .stop { problems.append("\(id) was not finished") }
        }
        return problems + scheduler.invariantViolations()
    }

    /// Sequence `id + 10` is the second sample of sequence `id`.
    private mutating func commit(without id: SequenceID?) throws -> [String] {
        let batch = try #require(batch)
        let logits = model.logits(batch)
        let states = model.states(batch)
        self.batch = nil
        var tokens: [SequenceID: TokenID] = [:]
        var branches: [SequenceID: [Branch]] = [:]
        for (id, logits) in logits where scheduler.sequence(id) != nil {
            tokens[id] = PagedToyModel.token(logits[0], sample: Int(id.value / 10))
            if id.value < 10, added[Int(id.value)].width == 2, scheduler.sequence(id)?.outputCount == 0 {
                branches[id] = [
                    Branch(id: SequenceID(id.value + 10), token: PagedToyModel.token(logits[0], sample: 1))
                ]
            }
        }
        if let id { tokens[id] = nil }
        return scheduler.commit(tokens, branches: branches).finished.compactMap { finished in
            let request = added[Int(finished.id.value % 10)]
            let expected = PagedToyModel.alone(
                request, sample: Int(finished.id.value / 10), scheduler.options)
            if request.promptStates != nil, states[finished.id] != PagedToyModel.statesAlone(request) {
                return "\(finished.id) has other states than alone"
            }
            guard Array(finished.output) != expected.output || finished.reason != expected.reason else { return nil }
            return "\(finished.id) ended with \(finished.output) and not with \(expected.output)"
        }
    }
}

import LLMScheduling
import Testing

/// A scheduler, a model and what may be done with them next.
struct SmallSpace {
    enum Action: Hashable {
        case add(size: Int)
        case propose(SequenceID, [TokenID])
        case schedule
        case commit
        case commitWithout(SequenceID)
        case abort(SequenceID)
        case finish(SequenceID)
    }

    private var scheduler: Scheduler
    private var model: PagedToyModel
    private var batch: ScheduledBatch?
    private var added: [SequenceRequest] = []
    private let sequences: Int
    private let drafts: [[TokenID]]
    private let areTogether: Bool

    /// Prompt, most output and samples of what may be added: small, on a block's edge, all there is room for, two samples
    /// that share a block, and a prompt alone that fills every block. All begin alike, so that they share what is cached
    /// too.
    private static let sizes: [(prompt: Int, maxTokens: Int?, width: Int, states: PromptStates?)] = [
        (1, 2, 1, nil), (4, 2, 1, nil), (3, nil, 1, nil), (3, 2, 2, nil), (8, nil, 1, .last),
    ]

    /// At most `sequences` are added. In `drafts` 1 stands for the token that is right, and -1 for another; `areTogether` is
    /// whether samples run together.
    init(_ options: SchedulerOptions, sequences: Int, drafts: [[TokenID]] = [], areTogether: Bool = false) {
        scheduler = Scheduler(options)
        model = PagedToyModel(options)
        self.sequences = sequences
        self.drafts = drafts
        self.areTogether = areTogether
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
                + state.blockTables.joined().map(Int.init) + [-2] + state.slotState + [-2]
                + state.draft.map(Int.init)
        }
        return Key(
            running: scheduler.runningIDs.map(describe), waiting: scheduler.waitingIDs.map(describe),
            blocks: scheduler.blockStates, added: added.count, step: batch?.sequences.map(\.positions))
    }

    var actions: [Action] {
        var actions: [Action] = [.schedule]
        if added.count < sequences {
            let fitting = Self.sizes.indices.filter { Self.sizes[$0].width <= scheduler.options.maxNumBatchedTokens }
            actions += fitting.map { .add(size: $0) }
        }
        for id in scheduler.runningIDs + scheduler.waitingIDs { actions += [.abort(id), .finish(id)] }
        for id in scheduler.runningIDs where scheduler.sequence(id)?.scheduledCount == 0 {
            actions += drafts.map { .propose(id, $0) }
        }
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
            request.runsTogether = areTogether && width > 1
            request.promptStates = states
            request.readsPrefixCache = states == nil
            try scheduler.add(request)
            added.append(request)
        case .propose(let id, let draft):
            let next = expected(id).output.dropFirst(scheduler.sequence(id)?.outputCount ?? 0)
            scheduler.propose(id, zip(next, draft).map { $1 > 0 ? $0 : ($0 + 1) % TokenID(PagedToyModel.vocabulary) })
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

    /// What a sequence yields alone; sequence `id + 10` is the second sample of sequence `id`.
    private func expected(_ id: SequenceID) -> (output: [TokenID], reason: FinishReason) {
        PagedToyModel.alone(added[Int(id.value % 10)], sample: Int(id.value / 10), scheduler.options)
    }

    private mutating func commit(without id: SequenceID?) throws -> [String] {
        let batch = try #require(batch)
        let logits = model.logits(batch)
        let states = model.states(batch)
        self.batch = nil
        var tokens: [SequenceID: [TokenID]] = [:]
        var branches: [SequenceID: [Branch]] = [:]
        for (id, logits) in logits where scheduler.sequence(id) != nil {
            tokens[id] = logits.map { PagedToyModel.token($0, sample: Int(id.value / 10)) }
            if id.value < 10, added[Int(id.value)].width == 2, scheduler.sequence(id)?.outputCount == 0 {
                branches[id] = [
                    Branch(id: SequenceID(id.value + 10), token: PagedToyModel.token(logits[0], sample: 1))
                ]
            }
        }
        if let id { tokens[id] = nil }
        return scheduler.commit(tokens, branches: branches).finished.compactMap { finished in
            let request = added[Int(finished.id.value % 10)]
            let expected = expected(finished.id)
            if request.promptStates != nil, states[finished.id] != PagedToyModel.statesAlone(request) {
                return "\(finished.id) has other states than alone"
            }
            guard Array(finished.output) != expected.output || finished.reason != expected.reason else { return nil }
            return "\(finished.id) ended with \(finished.output) and not with \(expected.output)"
        }
    }
}

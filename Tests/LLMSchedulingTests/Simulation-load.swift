import LLMScheduling
import LLMTestSupport

/// The limits and the requests.
extension Simulation {
    static func randomOptions(_ generator: inout SeededGenerator) throws -> SchedulerOptions {
        let blockSize = [1, 2, 4, 16, 32].randomElement(using: &generator) ?? 16
        // In half of the cases a model with states, now and then with nothing else.
        let slots = Bool.random(using: &generator) ? 0 : Int.random(in: 1...20, using: &generator)
        let isWithoutAttention = slots > 0 && Int.random(in: 0..<4, using: &generator) == 0
        var options = try makeOptions(
            blockSize: blockSize,
            groups: isWithoutAttention ? [] : randomGroups(most: 1 + 96 / blockSize, &generator), slots: slots,
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

    /// In half of the cases one group with full attention, else up to three of any kind.
    private static func randomGroups(most: Int, _ generator: inout SeededGenerator) -> [CacheGroup] {
        guard Bool.random(using: &generator) else {
            return [CacheGroup(blockCount: Int.random(in: 1...most, using: &generator))]
        }
        var groups = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            CacheGroup(
                blockCount: Int.random(in: 1...most, using: &generator),
                window: Bool.random(using: &generator) ? Int.random(in: 1...40, using: &generator) : nil)
        }
        // The model needs a group that sees what is before a token.
        if !groups.contains(where: { $0.window ?? 2 >= 2 }) { groups[0].window = 2 }
        return groups
    }

    mutating func add(_ id: SequenceID) {
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
        if chance(0.3) {
            request.width = Int.random(in: 1...4, using: &generator)
            request.runsTogether = chance(0.3)
        }
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
        known[id] = Sample(request, index: 0, lastStep: step + line, options)
        check()
    }

    /// The tokens that sequence `id`, and what may branch off it, can have at most.
    private func lengthLimit(_ id: SequenceID, _ newest: SequenceRequest) -> Int {
        let request = known[id]?.request ?? newest
        if request.promptStates != nil { return request.prompt.count }
        return (request.maxTokens.map { request.prompt.count + $0 } ?? options.maxSequenceLength) * request.width
    }

    /// What sequence `id`, which has just branched off, is a sample of.
    func sample(of id: SequenceID) -> Sample {
        let index = Int(id.value % 100)
        let parent = known[SequenceID(id.value - UInt64(index))]!
        return Sample(parent.request, index: index, lastStep: parent.lastStep, options)
    }

    /// Drafts for some of the running sequences: right, wrong from some token on, or too long.
    mutating func propose() {
        for id in scheduler.runningIDs where chance(draftProbability) {
            guard let state = scheduler.sequence(id), let sample = known[id] else { continue }
            var draft = Array(
                sample.output.dropFirst(state.outputCount).prefix(Int.random(in: 0...8, using: &generator)))
            if chance(0.4), let wrong = draft.indices.randomElement(using: &generator) {
                draft[wrong] = (draft[wrong] + 1) % TokenID(PagedToyModel.vocabulary)
            }
            if chance(0.3) { draft += (0..<Int.random(in: 1...40, using: &generator)).map { _ in 0 } }
            scheduler.propose(id, draft)
            check()
        }
    }
}

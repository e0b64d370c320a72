import LLMScheduling
import Testing

/// Every interleaving of add, propose, schedule, commit, abort and finish for a few sequences on a few blocks of two
/// tokens: the whole space that can be reached, not only to some depth.
@Suite struct SmallSpaceTests {
    @Test(arguments: [1, 2, 3, 8], [2, 3])
    func `no interleaving breaks an invariant, stalls or changes a sequence's tokens`(budget: Int, seqs: Int) throws {
        let options = try makeOptions(blockSize: 2, blocks: 4, seqs: seqs, budget: budget, length: 8)
        try explore(SmallSpace(options, sequences: 3))
    }

    @Test(arguments: [
        [CacheGroup(blockCount: 4), CacheGroup(blockCount: 3, window: 3)],
        [CacheGroup(blockCount: 3, window: 2)],
        [CacheGroup(blockCount: 2, window: 1), CacheGroup(blockCount: 3, window: 4)],
    ])
    func `nor does one where groups have windows`(groups: [CacheGroup]) throws {
        for budget in [2, 8] {
            let options = try makeOptions(blockSize: 2, groups: groups, seqs: 2, budget: budget, length: 8)
            try explore(SmallSpace(options, sequences: 2))
        }
    }

    @Test(arguments: [
        [CacheGroup(blockCount: 4)], [CacheGroup(blockCount: 4), CacheGroup(blockCount: 3, window: 3)],
    ])
    func `nor does one with drafts, right or wrong`(groups: [CacheGroup]) throws {
        for budget in [3, 8] {
            let options = try makeOptions(blockSize: 2, groups: groups, seqs: 2, budget: budget, length: 8)
            try explore(SmallSpace(options, sequences: 2, drafts: [[1], [-1], [1, 1], [1, -1]]))
        }
    }

    @Test(arguments: [1, 3]) func `nor does one with states alone`(slots: Int) throws {
        for budget in [2, 8] {
            let options = try makeOptions(blockSize: 2, groups: [], slots: slots, seqs: 2, budget: budget, length: 8)
            try explore(SmallSpace(options, sequences: slots == 1 ? 3 : 2))
        }
    }

    @Test(arguments: [2, 4]) func `nor does one with states beside attention`(slots: Int) throws {
        for budget in [2, 8] {
            let options = try makeOptions(blockSize: 2, blocks: 4, slots: slots, seqs: 2, budget: budget, length: 8)
            try explore(SmallSpace(options, sequences: 2))
        }
    }

    @Test func `nor does one with states of sequences that run together`() throws {
        let options = try makeOptions(blockSize: 2, groups: [], slots: 4, seqs: 2, budget: 8, length: 8)
        try explore(SmallSpace(options, sequences: 2, areTogether: true))
    }

    private func explore(_ start: SmallSpace) throws {
        // Breadth first, so that the trace of a failure is as short as one can be.
        var frontier = [(state: start, trace: [SmallSpace.Action]())]
        var visited: Set = [frontier[0].state.key]
        while !frontier.isEmpty {
            var next: [(state: SmallSpace, trace: [SmallSpace.Action])] = []
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

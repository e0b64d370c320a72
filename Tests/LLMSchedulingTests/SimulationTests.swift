import Foundation
import LLMScheduling
import LLMTestSupport
import Testing

/// Random loads on random limits: whatever else goes on, each sequence gets the tokens it gets alone, in time.
@Suite struct SimulationTests {
    /// `make fuzz` asks for 200,000.
    private static let count = ProcessInfo.processInfo.environment["LLMGEN_FUZZ_SCHEDULES"].flatMap(UInt64.init) ?? 2000
    private static let firstSeed =
        ProcessInfo.processInfo.environment["LLMGEN_FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1 << 48)

    @Test func `every sequence gets the tokens it gets alone, within its bound of steps`() async throws {
        print("\(Self.count) schedules from LLMGEN_FUZZ_SEED=\(Self.firstSeed)")
        let lanes: UInt64 = 2
        let totals = try await withThrowingTaskGroup(of: Totals.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var totals = Totals()
                    for index in stride(from: lane, to: Self.count, by: Int(lanes)) {
                        let seed = Self.firstSeed &+ index
                        var simulation = try Simulation(seed: seed)
                        simulation.run()
                        try #require(simulation.problems == [], "seed \(seed), \(simulation.options)")
                        totals.add(simulation.totals)
                        totals.promptsAlone += simulation.promptsAlone
                        if simulation.options.stateSlots > 0 {
                            totals.cachedWithStates += simulation.totals.cachedTokens
                        }
                        if simulation.options.groups.contains(where: { $0.window != nil }) {
                            totals.cachedInWindows += simulation.totals.cachedTokens
                        }
                    }
                    return totals
                }
            }
            return try await group.reduce(into: Totals()) { $0.add($1) }
        }
        print("schedules: \(totals)")
        // Loads that are too light would say nothing.
        let least = Int(Self.count) / 2
        #expect(totals.preemptions > least && totals.cached > least && totals.branched > least)
        #expect(totals.promptsAlone > least && totals.cachedInWindows > least)
        #expect(totals.cachedWithStates > least)
        #expect(totals.accepted > least && totals.rejected > least)
    }

    private struct Totals {
        var steps = 0
        var preemptions = 0
        var cached = 0
        var branched = 0
        var promptsAlone = 0
        var cachedInWindows = 0
        var cachedWithStates = 0
        var accepted = 0
        var rejected = 0

        mutating func add(_ totals: SchedulerTotals) {
            steps += totals.steps
            preemptions += totals.preemptions
            cached += totals.cachedTokens
            branched += totals.branchedTokens
            accepted += totals.draftedTokens - totals.rejectedTokens
            rejected += totals.rejectedTokens
        }

        mutating func add(_ other: Totals) {
            steps += other.steps
            preemptions += other.preemptions
            cached += other.cached
            branched += other.branched
            promptsAlone += other.promptsAlone
            cachedInWindows += other.cachedInWindows
            cachedWithStates += other.cachedWithStates
            accepted += other.accepted
            rejected += other.rejected
        }
    }
}

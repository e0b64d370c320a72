import LLMScheduling
import Testing

/// The bound on the time between two tokens, on a clock that the tests make go.
@Suite struct StepBoundTests {
    /// A machine: reading the weights takes 20 ms, then a row 1 ms and a thousand pairs of attention 10 us; beyond 64
    /// rows each costs a third less.
    private func cost(_ work: StepWork) -> Int64 {
        let rows = Double(work.rows)
        let computing = rows < 64 ? rows : 64 + (rows - 64) * 0.67
        return Int64((20 + computing + Double(work.outputs) * 0.3 + Double(work.attended) * 1e-5) * 1_000_000)
    }

    private struct Load {
        var scheduler: Scheduler
        var gaps: [Int64] = []
        /// Of the steps that computed a part of the second long prompt, but its last.
        var busy: [Int64] = []
        var chunks: [Int] = []
    }

    /// 8 streams decode; after 20 steps a prompt of 4,000 tokens arrives, and another when that is computed.
    private func run(target: Int64?) throws -> Load {
        var options = try makeOptions(blockSize: 32, blocks: 1000, budget: 2048, length: 8000)
        if let target { try options.setTargetITL(target) }
        var load = Load(scheduler: Scheduler(options))
        for id: UInt64 in 1...8 { try load.scheduler.add(makeRequest(id, prompt: 100, maxTokens: 4000)) }
        var prompts: [UInt64] = [20, 30]
        var step = 0
        while !prompts.isEmpty || load.scheduler.sequence(SequenceID(30))?.outputCount ?? 0 < 3 {
            if let next = prompts.first, step >= Int(next) {
                try load.scheduler.add(makeRequest(next, prompt: 4000, maxTokens: 10))
                prompts.removeFirst()
            }
            let batch = load.scheduler.schedule()
            let duration = cost(batch.work)
            if step > 0 { load.gaps.append(duration) }
            if batch.sequences.contains(where: { $0.id.value == 30 && $0.positions.count > 1 && !$0.needsLogits }) {
                load.busy.append(duration)
            }
            load.chunks += batch.sequences.filter { $0.positions.count > 1 && $0.id.value >= 20 }.map(\.positions.count)
            let tokens = batch.sequences.filter(\.needsLogits).map { ($0.id, 7 as TokenID) }
            _ = load.scheduler.commit(Dictionary(uniqueKeysWithValues: tokens), nanoseconds: duration)
            #expect(load.scheduler.invariantViolations() == [])
            step += 1
        }
        return load
    }

    @Test(arguments: [60, 100, 200, 800] as [Int64])
    func `long prompts keep the others' gaps within the bound, and use what it leaves`(milliseconds: Int64) throws {
        let load = try run(target: milliseconds * 1_000_000)
        #expect(load.gaps.max()! <= milliseconds * 1_100_000)
        // Once the model has seen steps of that size they are nearly as long as they may be.
        let busy = load.busy.sorted()
        #expect(busy[busy.count / 2] >= milliseconds * 900_000)
        #expect(load.scheduler.totals.stepsOverTarget == load.gaps.count { $0 > milliseconds * 1_000_000 })
    }

    @Test func `where decoding alone passes the bound a prompt gets sixteen tokens a step`() throws {
        let load = try run(target: 15_000_000)
        #expect(load.chunks.dropLast().allSatisfy { $0 == 16 })
        #expect(load.scheduler.totals.stepsOverTarget == load.gaps.count)
    }

    @Test func `without a bound a prompt takes the whole budget`() throws {
        let load = try run(target: nil)
        #expect(load.chunks.first == 2048 - 8)
        #expect(load.scheduler.totals.stepsOverTarget == 0)
    }

    @Test func `a prompt that nobody waits for is computed at once`() throws {
        var options = try makeOptions(blockSize: 32, budget: 512)
        try options.setTargetITL(1_000_000)
        var scheduler = Scheduler(options)
        try scheduler.add(makeRequest(1, prompt: 500))
        #expect(scheduler.schedule().tokens.count == 500)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1 << 60, "1152921504606846976")] as [(Int64, String)])
    func `a bound outside its range is refused`(nanoseconds: Int64, shown: String) throws {
        var options = try makeOptions()
        let error = #expect(throws: SchedulerOptionError.self) { try options.setTargetITL(nanoseconds) }
        #expect(error?.message == "target-itl is \(shown); it must be from 1000 to 2147483647000 ns")
    }
}

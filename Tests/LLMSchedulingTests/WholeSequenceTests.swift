import LLMScheduling
import Testing

/// Sequences that are computed in one step, without blocks: the texts of encoders.
@Suite struct WholeSequenceTests {
    private func scheduler(budget: Int, places: Int = 128) throws -> Scheduler {
        var options = try SchedulerOptions(
            blockSize: 16, groups: [], maxNumSeqs: places, maxNumBatchedTokens: budget, maxModelLength: 100)
        options.prefixCaching = false
        options.computesWhole = true
        return Scheduler(options)
    }

    /// The lengths of the sequences of each step.
    private func steps(_ lengths: [Int], _ scheduler: Scheduler) throws -> [[Int]] {
        var scheduler = scheduler
        for (index, length) in lengths.enumerated() {
            try scheduler.add(
                SequenceRequest(
                    id: SequenceID(UInt64(index + 1)), prompt: Array(repeating: 1, count: length),
                    readsPrefixCache: false,
                    promptStates: index % 2 == 0 ? .all : .last))
        }
        var steps: [[Int]] = []
        while !scheduler.isEmpty {
            let batch = scheduler.schedule()
            steps.append(batch.sequences.map(\.rows.count))
            #expect(batch.sequences.allSatisfy { $0.positions.lowerBound == 0 && $0.blockTables.isEmpty })
            #expect(scheduler.invariantViolations().isEmpty)
            let events = scheduler.commit([:] as [SequenceID: [TokenID]])
            #expect(events.count == batch.sequences.count && scheduler.invariantViolations().isEmpty)
        }
        return steps
    }

    @Test func `They come in turn, as many as the budget has room for, and a longer one alone`() throws {
        #expect(
            try steps([4, 6, 1, 10, 11, 3, 7, 1], scheduler(budget: 10)) == [[4, 6], [1], [10], [11], [3, 7], [1]])
        #expect(try steps([1, 1, 1], scheduler(budget: 10, places: 2)) == [[1, 1], [1]])
        #expect(try steps([100], scheduler(budget: 1)) == [[100]])
    }

    @Test func `The model's length bounds them, and no cache does`() throws {
        let options = try scheduler(budget: 10).options
        #expect(options.maxSequenceLength == 100 && options.blockCount == 0)
        let error = #expect(throws: AdmissionError.self) { try steps([101], scheduler(budget: 10)) }
        #expect(error?.code == .promptTooLong)
    }
}

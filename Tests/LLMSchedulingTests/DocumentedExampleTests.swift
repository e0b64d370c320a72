import Foundation
import LLMScheduling
import LLMTestSupport
import Testing

/// The examples that pages of docs/ walk through, row by row.
@Suite struct DocumentedExampleTests {
    @Test func `the pages show what the scheduler does`() throws {
        var ranges: [String] = []
        var tables: [String] = []
        var scheduler = TestScheduler(try makeOptions(blockSize: 16, blocks: 6, budget: 48))
        try scheduler.add(makeRequest(1, prompt: 40, maxTokens: 20))
        try scheduler.add(makeRequest(2, prompt: 20, maxTokens: 10))
        for step in 1...13 {
            let batch = scheduler.schedule()
            let free = scheduler.scheduler.freeBlockCount
            ranges.append(row([step] + (1...3).map { range(of: $0, in: batch) } + [free]))
            tables.append(row([step] + (1...3).map { table(of: $0, in: batch) }))
            let tokens = batch.sequences.filter(\.needsLogits).map { ($0.id, 7 as TokenID) }
            _ = scheduler.commit(Dictionary(uniqueKeysWithValues: tokens))
            if step == 1 { try scheduler.add(makeRequest(3, prompt: 12, maxTokens: 10)) }
        }
        #expect(try rows(of: "scheduling.md") == ranges)
        #expect(try rows(of: "paged-cache.md") == [1, 2, 7, 10, 12].map { tables[$0 - 1] })
    }

    @Test func `the embeddings' page shows what is in the sum`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 8, blocks: 4, budget: 8))
        try scheduler.add(makeRequest(1, prompt: 6, maxTokens: 6))
        var text = makeRequest(2, prompt: 20)
        text.promptStates = .all
        text.readsPrefixCache = false
        try scheduler.add(text)
        var (rows, summed) = ([String](), 0)
        for (index, step) in scheduler.drain().enumerated() {
            if let sequence = step.batch.sequences.first(where: { $0.id.value == 2 }) {
                summed = (sequence.positions.lowerBound == 0 ? 0 : summed) + sequence.promptStates.count
            }
            rows.append(row([index + 1, range(of: 1, in: step.batch), range(of: 2, in: step.batch), summed]))
        }
        #expect(try self.rows(of: "embeddings.md") == rows)
    }

    @Test func `the prefix cache's page shows what is found`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 6))
        let story = Array(1...9 as ClosedRange<TokenID>)
        let requests: [(name: String, shown: String, prompt: [TokenID])] = [
            ("A", "1 … 9", story),
            ("B", "1 … 9 50 50 50 50 60", story + [50, 50, 50, 50, 60]),
            ("C", "1 2 3 4 70 … 84", [1, 2, 3, 4] + Array(70...84)),
            ("D", "1 … 9", story),
        ]
        var rows: [String] = []
        for (number, request) in requests.enumerated() {
            let maxTokens = request.name == "A" ? 4 : 1
            try scheduler.add(
                SequenceRequest(id: SequenceID(UInt64(number)), prompt: request.prompt, maxTokens: maxTokens))
            let step = scheduler.step(token: 50)
            let table = step.batch.sequences[0].blockTable.map(String.init)
            let cached = step.batch.started[0].cachedTokens / 4
            let blocks = [table.prefix(cached), table.dropFirst(cached)].map { $0.joined(separator: " ") }
            let shown = cached > 0 ? "[\(blocks[0])] \(blocks[1])" : blocks[1]
            rows.append(row([request.name, request.shown, shown, range(of: UInt64(number), in: step.batch)]))
            while !scheduler.scheduler.isEmpty { scheduler.step(token: 50) }
        }
        #expect(try self.rows(of: "prefix-cache.md") == rows)
    }

    @Test func `the paged cache's page shows what a window holds`() throws {
        let groups = [CacheGroup(blockCount: 6), CacheGroup(blockCount: 4, window: 6)]
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: groups, budget: 6))
        try scheduler.add(makeRequest(1, prompt: 10, maxTokens: 10))
        let rows = (1...9).map { step in
            let batch = scheduler.step().batch
            let tables = batch.sequences[0].blockTables.map { table in
                table.map { $0 < 0 ? "–" : String($0) }.joined(separator: " ")
            }
            return row([step, range(of: 1, in: batch), tables[0], tables[1]])
        }
        #expect(try self.rows(of: "paged-cache.md", "Windows") == [1, 2, 3, 5, 6, 9].map { rows[$0 - 1] })
    }

    @Test func `the prefix cache's page shows what is found where layers have windows`() throws {
        let groups = [CacheGroup(blockCount: 20), CacheGroup(blockCount: 5, window: 6)]
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: groups))
        let story = Array(0...16 as ClosedRange<TokenID>)
        var rows: [String] = []
        for (name, prompt) in [("A", story), ("B", Array(100...104)), ("C", story), ("D", story)] {
            try scheduler.add(SequenceRequest(id: SequenceID(1), prompt: prompt, maxTokens: 1))
            let cached = scheduler.step().batch.started[0].cachedTokens
            let ends = scheduler.scheduler.blockStates[1].dropFirst().filter { $0[1] == 0 }.map { $0.count - 1 }
            let blocks = ends.sorted().map { "\($0 - 4) ..< \($0)" }.joined(separator: ", ")
            rows.append(row([name, "\(prompt[0]) … \(prompt[prompt.count - 1])", cached, blocks]))
        }
        #expect(try self.rows(of: "prefix-cache.md", "Windows") == rows)
    }

    @Test func `the scheduling page shows what becomes of a draft`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4))
        let id = SequenceID(1)
        try scheduler.add(SequenceRequest(id: id, prompt: Array(1...6)))
        let steps: [(draft: [TokenID], committed: [TokenID])] = [
            ([], [50]), ([51, 52, 53], [51, 60]), ([61, 62], [61, 62, 63]), ([], [64]),
        ]
        var rows: [String] = []
        for (number, step) in steps.enumerated() {
            scheduler.propose(id, step.draft)
            let batch = scheduler.schedule()
            let blocks = scheduler.usedBlockCount
            _ = scheduler.commit([id: step.committed])
            let state = try #require(scheduler.sequence(id))
            rows.append(
                row([
                    number + 1, step.draft.map(String.init).joined(separator: " "), range(of: 1, in: batch), blocks,
                    step.committed.map(String.init).joined(separator: " "), state.tokens.count, state.computedCount,
                    scheduler.usedBlockCount,
                ]))
        }
        #expect(try self.rows(of: "scheduling.md", "Drafts") == rows)
    }

    @Test func `the page on state layers shows which snapshots are kept and found`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, slots: 6, budget: 8))
        let story = Array(1...18 as ClosedRange<TokenID>)
        func add(_ prompt: [TokenID], maxTokens: Int) throws {
            try scheduler.add(SequenceRequest(id: SequenceID(1), prompt: prompt, maxTokens: maxTokens))
        }
        try add(story, maxTokens: 8)
        var rows: [String] = []
        while !scheduler.scheduler.isEmpty {
            let batch = scheduler.step(token: 50).batch
            let states = try #require(batch.sequences[0].states)
            let writes = states.writes.map { "\($0.rows + batch.sequences[0].positions.lowerBound): \($0.slot)" }
            rows.append(
                row([
                    rows.count + 1, range(of: 1, in: batch), states.source.map(String.init) ?? "–",
                    writes.joined(separator: ", "),
                    snapshots(scheduler).map { "\($0.count) (\($0.slot))" }.joined(separator: ", "),
                ]))
        }
        let others: [(String, [TokenID])] = [
            ("B", story + Array(repeating: 50, count: 8) + [60, 61]), ("C", Array(story[..<14]) + [70, 71]),
            ("D", Array(story[..<14]) + [80, 81, 82]),
        ]
        for (name, prompt) in others {
            try add(prompt, maxTokens: 1)
            let cached = scheduler.step().batch.started[0].cachedTokens
            _ = scheduler.drain()
            let own = snapshots(scheduler).filter { prompt.starts(with: $0.tokens) }.map { "\($0.count)" }
            rows.append(row([name, prompt.count, cached, own.joined(separator: ", ")]))
        }
        #expect(try self.rows(of: "state-layers.md", "An example of snapshots") == rows)
    }

    /// The snapshots there are, the shortest prefix first.
    private func snapshots(_ scheduler: TestScheduler) -> [(count: Int, slot: Int, tokens: [TokenID])] {
        scheduler.scheduler.blockStates[1].dropFirst().map { ($0.count - 1, $0[0], $0.dropFirst().map(TokenID.init)) }
            .sorted { $0.count < $1.count }
    }

    private func range(of id: UInt64, in batch: ScheduledBatch) -> String {
        if batch.preempted.contains(SequenceID(id)) { return "preempted" }
        guard let sequence = batch.sequences.first(where: { $0.id.value == id }) else { return "" }
        return "\(sequence.positions.lowerBound) ..< \(sequence.positions.upperBound)"
    }

    private func table(of id: UInt64, in batch: ScheduledBatch) -> String {
        batch.sequences.first { $0.id.value == id }?.blockTable.map(String.init).joined(separator: " ") ?? ""
    }

    private func row(_ cells: [any CustomStringConvertible]) -> String {
        "|" + cells.map { $0.description.isEmpty ? " |" : " \($0) |" }.joined()
    }

    /// The rows of the tables in a section of a page, without their heads.
    private func rows(of page: String, _ section: String = "An example") throws -> [String] {
        let text = try String(contentsOf: Paths.root.appending(path: "docs/\(page)"), encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init)
        let start = try #require(lines.firstIndex(of: "## \(section)"))
        let rows = lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }.filter { $0.hasPrefix("|") }
        // A table's head is the row before the line below it.
        let heads = rows.indices.filter { rows[$0].hasPrefix("|---") }.flatMap { [$0 - 1, $0] }
        return rows.indices.filter { !heads.contains($0) }.map { rows[$0] }
    }
}

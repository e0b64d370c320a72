import Foundation
import LLMScheduling
import LLMTestSupport
import Testing

/// The example that docs/scheduling.md and docs/paged-cache.md walk through, row by row.
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

    /// The rows of a page's example table: those that begin with a step's number.
    private func rows(of page: String) throws -> [String] {
        let text = try String(contentsOf: Paths.root.appending(path: "docs/\(page)"), encoding: .utf8)
        return text.split(separator: "\n").map(String.init).filter { line in
            line.hasPrefix("| ") && line.dropFirst(2).first?.isNumber == true
        }
    }
}

import ArgumentParser
import LLMBench
import LLMGen

struct BenchSchedulerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "Measure what scheduling costs and how many sequences the cache holds.",
        discussion: "No model is needed. The last line of --json is one JSON object.")

    @Flag(help: "Print one JSON object after the table.")
    var json = false

    func run() async throws {
        let benchmark = SchedulerBenchmark()
        let report = SchedulerReport(try benchmark.cost(), try benchmark.capacity())
        for (name, value) in report.rows { try StandardStreams.write("\(name.padding(to: 34))\(value)\n") }
        if json { try report.printLine() }
    }
}

/// The object that `bench scheduler --json` prints last.
struct SchedulerReport: Encodable {
    let running: Int
    let waiting: Int
    let blocks: Int
    let step_ms: Double
    let step_ms_p99: Double
    let bytes_per_waiting: Double
    let prefix_tokens: Int
    let match_ms: Double
    let reserved_sequences: Int
    let paged_sequences: Double
    let waste: Double
    let preemptions_per_sequence: Double

    init(_ cost: SchedulerBenchmark.Cost, _ capacity: SchedulerBenchmark.Capacity) {
        running = cost.running
        waiting = cost.waiting
        blocks = cost.blocks
        step_ms = cost.stepSeconds * 1000
        step_ms_p99 = cost.slowStepSeconds * 1000
        bytes_per_waiting = cost.bytesPerWaiting
        prefix_tokens = cost.prefixTokens
        match_ms = cost.matchSeconds * 1000
        reserved_sequences = capacity.reserved
        paged_sequences = capacity.paged
        waste = capacity.waste
        preemptions_per_sequence = capacity.preemptionsPerSequence
    }

    /// Names and values, as a person reads them.
    var rows: [(String, String)] {
        [
            (
                "schedule and commit",
                "\(Diagnostics.rounded(step_ms)) ms a step, p99 \(Diagnostics.rounded(step_ms_p99)) ms; "
                    + "\(running) running, \(waiting) waiting, \(blocks) blocks"
            ),
            ("a waiting request", "\(Diagnostics.rounded(bytes_per_waiting)) bytes and 4 a prompt token"),
            ("a cached prefix", "\(prefix_tokens) tokens found in \(Diagnostics.rounded(match_ms)) ms"),
            (
                "sequences at once",
                "\(Diagnostics.rounded(paged_sequences)) over blocks where whole contexts give \(reserved_sequences): "
                    + "\(Diagnostics.rounded(paged_sequences / Double(reserved_sequences))) times as many"
            ),
            (
                "unused slots in held blocks",
                "\(Diagnostics.rounded(waste * 100)) %; \(Diagnostics.rounded(preemptions_per_sequence)) preemptions a "
                    + "sequence"
            ),
        ]
    }
}

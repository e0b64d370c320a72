import ArgumentParser
import Foundation
import LLMBench
import LLMGen

struct BenchCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare two measurements, with their spread.",
        discussion: """
            Reads what two benchmarks have printed with --json, or their files of --save. A verdict is given only where \
            the difference is larger than the spread: half the width of the ratio's 95 % interval, from the runs of \
            --repeat. Run the two in turns on one machine. The last line of --json is one JSON object.
            """)

    @Argument(help: "The first measurement, which the other is measured by.")
    var first: String

    @Argument(help: "The second measurement.")
    var second: String

    @Flag(help: "Print one JSON object after the table.")
    var json = false

    func run() throws {
        let comparison = try Comparison(first, second)
        for difference in comparison.differences {
            try StandardStreams.write("\(difference.name): \(difference.first) and \(difference.second)\n")
        }
        let width = max(24, (comparison.rows.map(\.name.count).max() ?? 0) + 2)
        func line(_ cells: [String]) -> String {
            zip(cells, [width, 20, 20, 10, 12, 0]).map { $0.padding(to: $1) }.joined() + "\n"
        }
        try StandardStreams.write(line(["figure", "first", "second", "ratio", "spread", "the second is"]))
        for row in comparison.rows {
            try StandardStreams.write(
                line([
                    row.name, text(row.first), text(row.second), String(format: "%.3f", row.ratio.ratio),
                    row.ratio.spread.map { String(format: "± %.3f", $0) } ?? "-", row.verdict.rawValue,
                ]))
        }
        if json { try CompareReport(comparison).printLine() }
    }

    private func text(_ samples: Samples) -> String {
        Diagnostics.rounded(samples.mean) + (samples.deviation.map { " ± \(Diagnostics.rounded($0))" } ?? "")
    }
}

/// The object that `bench compare --json` prints last.
private struct CompareReport: Encodable {
    struct Row: Encodable {
        let figure: String
        let first, second: Double
        let first_sd, second_sd: Double?
        let ratio: Double
        let spread: Double?
        let verdict: Comparison.Verdict
    }

    struct Setting: Encodable {
        let name, first, second: String
    }

    let figures: [Row]
    let settings: [Setting]

    init(_ comparison: Comparison) {
        figures = comparison.rows.map { row in
            Row(
                figure: row.name, first: row.first.mean, second: row.second.mean, first_sd: row.first.deviation,
                second_sd: row.second.deviation, ratio: row.ratio.ratio, spread: row.ratio.spread, verdict: row.verdict)
        }
        settings = comparison.differences.map { Setting(name: $0.name, first: $0.first, second: $0.second) }
    }
}

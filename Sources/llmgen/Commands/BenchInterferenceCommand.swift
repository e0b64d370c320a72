import ArgumentParser
import LLMBench
import LLMGen

struct BenchInterferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interference", abstract: "Time streams that decode while long prompts arrive.",
        discussion: """
            The same load runs twice, with the bound of --target-itl and without one, at --max-num-batched-tokens of \
            2048 unless given. The last line of --json is one JSON object.
            """)

    @Option(parsing: .unconditional, help: ArgumentHelp("Streams that decode.", valueName: "n"))
    var streams = 8

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens that each of them generates.", valueName: "n"))
    var streamLen = 256

    @Option(parsing: .unconditional, help: ArgumentHelp("Long prompts, one after the other.", valueName: "n"))
    var prompts = 2

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens of a long prompt.", valueName: "n"))
    var promptLen = 4000

    @Flag(help: "Print one JSON object after the table.")
    var json = false

    @OptionGroup(title: "Engine") var options: EngineOptionGroup

    func run() async throws {
        let benchmark = try InterferenceBenchmark(
            streams: streams, streamTokens: streamLen, prompts: prompts, promptTokens: promptLen)
        var bounded = options.settings.scheduling(batchedTokens: 2048, prefixCaching: false)
        bounded.targetITL = options.settings.scheduling.targetITL ?? .milliseconds(150)
        var unbounded = bounded
        unbounded.targetITL = nil
        let model = try await options.loadModel()
        let engine = try Engine(model: model, options: bounded)
        Diagnostics.start(model, engine)
        let report = InterferenceReport(
            targetSeconds: bounded.targetITL.map { $0 / .seconds(1) } ?? 0, bounded: try await benchmark.run(engine),
            unbounded: try await benchmark.run(Engine(model: model, options: unbounded)))
        for row in report.rows {
            try StandardStreams.write(row.map { $0.padding(to: 26) }.joined() + "\n")
        }
        if json { try report.printLine() }
    }
}

/// The object that `bench interference --json` prints last.
struct InterferenceReport: Encodable {
    struct Run: Encodable {
        let gap_ms_median: Double
        let gap_ms_p99: Double
        let gap_ms_max: Double
        let prompt_s: Double
        let tokens_per_s: Double
        let steps: Int
        let steps_over_target: Int

        init(_ result: InterferenceBenchmark.Result) {
            gap_ms_median = result.medianGapSeconds * 1000
            gap_ms_p99 = result.slowGapSeconds * 1000
            gap_ms_max = result.longestGapSeconds * 1000
            prompt_s = result.promptSeconds
            tokens_per_s = result.tokensPerSecond
            steps = result.steps
            steps_over_target = result.stepsOverTarget
        }
    }

    let target_itl_ms: Double
    let bounded: Run
    let unbounded: Run

    init(targetSeconds: Double, bounded: InterferenceBenchmark.Result, unbounded: InterferenceBenchmark.Result) {
        target_itl_ms = targetSeconds * 1000
        self.bounded = Run(bounded)
        self.unbounded = Run(unbounded)
    }

    /// A table, as a person reads it.
    var rows: [[String]] {
        func row(_ name: String, _ value: (Run) -> String) -> [String] { [name, value(bounded), value(unbounded)] }
        return [
            ["", "bound of \(Diagnostics.rounded(target_itl_ms)) ms", "no bound"],
            row("time between tokens") { "\(Diagnostics.rounded($0.gap_ms_median)) ms" },
            row("p99") { "\(Diagnostics.rounded($0.gap_ms_p99)) ms" },
            row("longest") { "\(Diagnostics.rounded($0.gap_ms_max)) ms" },
            row("a long prompt") { "\(Diagnostics.rounded($0.prompt_s)) s" },
            row("all tokens") { "\(Diagnostics.rounded($0.tokens_per_s)) tokens/s" },
            row("steps over the bound") { "\($0.steps_over_target) of \($0.steps)" },
        ]
    }
}

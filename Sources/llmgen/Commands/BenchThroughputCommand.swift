import ArgumentParser
import Foundation
import LLMBench
import LLMGen

struct BenchThroughputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "throughput", abstract: "Time an engine that is given all requests at once.",
        discussion: """
            No server and no client: the engine of this process. Decoding is greedy and goes on past EOS, so that \
            outputs have the lengths that the data says. The prefix cache is empty at the start of each run. The last \
            line of --json is one JSON object.
            """)

    @Option(parsing: .unconditional, help: ArgumentHelp("Requests. (default: 100; of a trace all)", valueName: "n"))
    var numPrompts: Int?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Requests before the measurement, not counted.", valueName: "n"))
    var numWarmups = 8

    @Option(name: .customLong("repeat"), parsing: .unconditional, help: ArgumentHelp("Runs.", valueName: "n"))
    var runs = 1

    @OptionGroup(title: "Data") var data: DatasetOptionGroup

    @OptionGroup(title: "Report") var output: ReportOptionGroup

    @OptionGroup(title: "Engine") var options: EngineOptionGroup

    func run() async throws {
        guard (1...1000).contains(runs) else {
            throw LLMGenError(code: .invalidArgument, message: "repeat is \(runs); it must be from 1 to 1000")
        }
        try output.check()
        let (model, engine) = try await options.load()
        let dataset = try data.load(vocabularySize: model.vocabularySize, count: numPrompts ?? 100) {
            text throws(LLMGenError) in try model.tokens(of: .text(text)).count
        }
        let benchmark = try ThroughputBenchmark(
            dataset: dataset, count: numPrompts ?? (data.dataset == .trace ? dataset.count ?? 100 : 100),
            warmUpCount: numWarmups)
        try benchmark.check(engine)
        Diagnostics.start(model, engine)
        var all: [ThroughputRun] = []
        for number in 1...runs {
            let name = runs == 1 ? "" : "run \(number) of \(runs)  "
            all.append(
                try await benchmark.run(engine) { progress in
                    Diagnostics.progress(name + ThroughputCommandProgress(progress).text, isLast: false)
                })
        }
        Diagnostics.progress("", isLast: true)
        let report = ThroughputReport(all, dataset, benchmark, engine)
        for (name, value) in report.rows { try StandardStreams.write("\(name.padding(to: 24))\(value)\n") }
        let last = all[all.count - 1]
        try output.write(
            report, saved: SavedReport(report: report, records: all.map { $0.requests.map(ThroughputRecord.init) }),
            charts: ChartPage(
                "\(model.name): \(Diagnostics.rounded(report.figures["output_tokens_per_s"] ?? 0)) generated tokens/s",
                subtitle: "\(dataset.summary); \(report.machine.cpu), "
                    + "\(model.threads == 1 ? "1 thread" : "\(model.threads) threads")"
                    + (runs > 1 ? "; the last of \(runs) runs" : ""), last.charts))
    }
}

/// A bar, the speed and the time that is left.
private struct ThroughputCommandProgress {
    let text: String

    init(_ progress: ThroughputBenchmark.Progress) {
        let width = 30
        let part = progress.all == 0 ? 1 : Double(progress.done) / Double(progress.all)
        let full = Int(part * Double(width))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
        let speed = progress.seconds > 0 ? Double(progress.outputTokens) / progress.seconds : 0
        let left = part > 0.01 ? ", \(Int((progress.seconds / part - progress.seconds).rounded(.up))) s left" : ""
        text =
            "[\(bar)] \(progress.done) of \(progress.all) requests, \(Diagnostics.rounded(speed)) tokens/s\(left)\u{1B}[K"
    }
}

/// What a file gets besides the object that is printed.
struct SavedReport<Report: Encodable, Record: Encodable>: Encodable {
    let report: Report
    /// Every request of every run.
    let records: [[Record]]

    private enum CodingKeys: String, CodingKey { case records }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(records, forKey: .records)
    }
}

/// One request of a saved throughput report.
private struct ThroughputRecord: Encodable {
    let conversation, turn, input_tokens, cached_tokens, output_tokens, preemptions: Int
    let arrival_s, queue_s, ttft_s, e2el_s: Double
    let tpot_s: Double?

    init(_ request: ThroughputRun.Request) {
        (conversation, turn) = (request.conversation, request.turn)
        input_tokens = request.promptTokens
        cached_tokens = request.cachedTokens
        output_tokens = request.outputTokens
        preemptions = request.preemptions
        (arrival_s, queue_s) = (request.arrivalSeconds, request.queueSeconds)
        (ttft_s, e2el_s, tpot_s) = (request.ttftSeconds, request.latencySeconds, request.tpotSeconds)
    }
}

/// The object that `bench throughput --json` prints last.
private struct ThroughputReport: Encodable {
    struct Settings: Encodable {
        let model: String
        let compute_dtype: String
        let quantization: String
        let kv_cache_dtype: String
        let cpu_features: String
        let threads: Int
        let kv_blocks: Int
        let block_size: Int
        let max_num_seqs: Int
        let dataset: String
        let num_warmups: Int
        let machine: Machine
    }

    let settings: Settings
    let figures: Figures
    var machine: Machine { settings.machine }

    init(_ runs: [ThroughputRun], _ dataset: Dataset, _ benchmark: ThroughputBenchmark, _ engine: Engine) {
        let model = engine.model
        settings = Settings(
            model: model.name, compute_dtype: model.arithmetic.rawValue,
            quantization: model.quantization?.description ?? "none", kv_cache_dtype: engine.kvCacheDtype.rawValue,
            cpu_features: model.cpuFeatures.rawValue, threads: model.threads, kv_blocks: engine.kvBlocks,
            block_size: engine.blockSize, max_num_seqs: engine.maxNumSeqs, dataset: dataset.summary,
            num_warmups: benchmark.warmUpCount, machine: Machine())
        figures = Figures(runs.map(\.figures))
    }

    func encode(to encoder: any Encoder) throws {
        try settings.encode(to: encoder)
        try figures.encode(to: encoder)
    }

    /// A mean, with the deviation where there are several runs.
    private func text(_ name: String, times factor: Double = 1) -> String {
        guard let samples = figures.samples(name) else { return "-" }
        let deviation = samples.deviation.map { " ± \(Diagnostics.rounded($0 * factor))" } ?? ""
        return Diagnostics.rounded(samples.mean * factor) + deviation
    }

    private func latency(_ name: String) -> String {
        "\(text("mean_\(name)_ms")) ms mean, p50 \(text("p50_\(name)_ms")), p90 \(text("p90_\(name)_ms")), "
            + "p99 \(text("p99_\(name)_ms")), max \(text("max_\(name)_ms"))"
    }

    private func whole(_ name: String) -> String { "\(Int(figures[name]?.rounded() ?? 0))" }

    /// Names and values, as a person reads them.
    var rows: [(String, String)] {
        var rows = [
            ("requests", "\(whole("requests")), \(settings.dataset)"),
            (
                "tokens",
                "\(whole("total_input_tokens")) in (\(whole("total_cached_tokens")) cached), "
                    + "\(whole("total_output_tokens")) out"
            ),
            ("duration", "\(text("duration_s")) s" + (figures.runCount > 1 ? ", \(figures.runCount) runs" : "")),
            ("request throughput", "\(text("requests_per_s")) requests/s"),
            ("input throughput", "\(text("input_tokens_per_s")) tokens/s"),
            ("output throughput", "\(text("output_tokens_per_s")) tokens/s"),
            ("total throughput", "\(text("total_tokens_per_s")) tokens/s"),
        ]
        if let least = figures["max_concurrent_requests"] {
            rows.append(
                (
                    "steady state",
                    "\(text("steady_output_tokens_per_s")) tokens/s out, \(text("steady_input_tokens_per_s")) in, from "
                        + "\(text("steady_start_s")) s to \(text("steady_end_s")) s, with at least nine tenths of "
                        + "\(Int(least)) requests at once"
                ))
        }
        for phase in ["prefill", "decode", "mixed"] {
            guard let steps = figures["\(phase)_steps"], steps > 0 else { continue }
            let each = (figures["\(phase)_step_time_s"] ?? 0) / steps * 1000
            let tokens = (figures["\(phase)_step_tokens"] ?? 0) / steps
            rows.append(
                (
                    "\(phase) steps",
                    "\(Int(steps.rounded())) of \(Diagnostics.rounded(tokens)) tokens in \(Diagnostics.rounded(each)) ms, "
                        + "\(text("\(phase)_step_time_s")) s in all, \(text("\(phase)_step_tokens_per_s")) tokens/s"
                ))
        }
        return rows + [
            (
                "prefix cache",
                "\(whole("prefix_cache_hits")) of \(whole("prefix_cache_queries")) prompt tokens found"
            ),
            ("preemptions", "\(whole("preemptions")), \(whole("recomputed_tokens")) tokens computed again"),
            (
                "cache use",
                "\(text("kv_usage_mean", times: 100)) % on the mean, \(text("kv_usage_peak", times: 100)) % at most, of "
                    + "\(settings.kv_blocks) blocks"
            ),
            ("time in the queue", latency("queue")), ("time to first token", latency("ttft")),
            ("time per output token", latency("tpot")), ("end-to-end latency", latency("e2el")),
        ]
    }
}

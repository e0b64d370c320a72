import Foundation
import LLMBench
import LLMGen

/// The object that `bench serve --json` prints last.
struct ServeReport: Encodable {
    let figures: Figures
    let last: LoadReport
    let settings: ServeSettings

    init(_ reports: [LoadReport], _ load: LoadGenerator.Configuration) {
        figures = Figures(reports.map(\.figures))
        last = reports[reports.count - 1]
        settings = ServeSettings(load)
    }

    var subtitle: String { "\(settings.dataset), \(settings.arrivals); client on \(settings.machine.cpu)" }

    func encode(to encoder: any Encoder) throws {
        try settings.encode(to: encoder)
        try last.encodeWords(to: encoder)
        try figures.encode(to: encoder)
    }

    /// Means and deviations of several runs.
    var rows: [(name: String, value: String)] {
        func text(_ name: String, times factor: Double = 1) -> String {
            guard let samples = figures.samples(name) else { return "-" }
            let deviation = samples.deviation.map { " ± \(Diagnostics.rounded($0 * factor))" } ?? ""
            return Diagnostics.rounded(samples.mean * factor) + deviation
        }
        var rows = [
            ("runs", "\(figures.runCount), mean ± standard deviation"),
            ("requests", "\(text("completed")) completed, \(text("rejected")) rejected, \(text("failed")) failed"),
            ("duration", "\(text("duration")) s"),
            ("request throughput", "\(text("request_throughput")) requests/s"),
            ("output throughput", "\(text("output_throughput")) tokens/s"),
            ("total throughput", "\(text("total_token_throughput")) tokens/s"),
        ]
        if figures["attainment"] != nil {
            rows.append(("request goodput", "\(text("request_goodput")) requests/s"))
            rows.append(("within the goals", "\(text("attainment", times: 100)) % of requests"))
        }
        for (name, title) in [
            ("ttft", "time to first token"), ("tpot", "time per output token"), ("itl", "inter-token latency"),
            ("e2el", "end-to-end latency"),
        ] {
            rows.append(
                (
                    title,
                    "\(text("mean_\(name)_ms")) ms mean, p50 \(text("p50_\(name)_ms")), p90 \(text("p90_\(name)_ms")), "
                        + "p99 \(text("p99_\(name)_ms"))"
                ))
        }
        return rows + last.failures.map { ("failed: \($0.kind)", "in the last run \($0.count): \($0.firstMessage)") }
    }
}

/// What a load was.
struct ServeSettings: Encodable {
    let endpoint: String
    let dataset: String
    let arrivals: String
    let ignore_eos: Bool
    let num_warmups: Int
    let max_concurrency: Int?
    let machine: Machine

    init(_ load: LoadGenerator.Configuration) {
        endpoint = load.endpoint.rawValue
        dataset = load.dataset.summary
        arrivals = load.arrivals.summary
        ignore_eos = load.ignoresEOS
        num_warmups = load.warmUpCount
        max_concurrency = load.maxConcurrency
        machine = Machine()
    }
}

extension Arrivals {
    /// The arrivals in a few words.
    fileprivate var summary: String {
        func kind(_ burstiness: Double) -> String {
            burstiness == 1 ? "Poisson" : burstiness.isInfinite ? "constant pace" : "gamma of shape \(burstiness)"
        }
        return switch self {
        case .immediate: "as soon as may be"
        case .rate(let rate, let burstiness): "\(Diagnostics.rounded(rate)) requests/s, \(kind(burstiness))"
        case .ramp(let from, let to, let burstiness):
            "\(Diagnostics.rounded(from)) to \(Diagnostics.rounded(to)) requests/s, \(kind(burstiness))"
        case .recorded: "at the times of the data"
        }
    }
}

/// One request of a saved report.
struct ServeRecord: Encodable {
    let index, turn: Int
    let outcome: String
    let start_s, send_delay_ms, ttft_ms, e2el_ms: Double
    let tpot_ms: Double?
    let itl_ms: [Double]
    let input_tokens, cached_tokens, output_tokens: Int

    init(_ record: RequestRecord) {
        (index, turn) = (record.index, record.turn)
        outcome =
            switch record.outcome {
            case .completed: "completed"
            case .rejected: "rejected"
            case .failed: "failed"
            case .disconnected: "disconnected"
            }
        start_s = record.startSeconds
        send_delay_ms = record.sendDelaySeconds * 1000
        ttft_ms = record.ttftSeconds * 1000
        e2el_ms = record.latencySeconds * 1000
        tpot_ms = record.tpotSeconds.map { $0 * 1000 }
        itl_ms = record.gapSeconds.map { $0 * 1000 }
        input_tokens = record.promptTokens
        cached_tokens = record.cachedTokens
        output_tokens = record.completionTokens
    }
}

/// The object that `bench serve --sweep-concurrency` prints last.
struct ConcurrencyReport: Encodable {
    let settings: ServeSettings
    private(set) var points: [Point] = []
    private var model = ""

    struct Point: Encodable {
        let concurrency: Int
        let report: LoadReport

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(concurrency, forKey: .concurrency)
        }

        private enum CodingKeys: String, CodingKey { case concurrency }
    }

    init(_ load: LoadGenerator.Configuration) { settings = ServeSettings(load) }

    mutating func add(_ report: LoadReport, _ concurrency: Int) {
        points.append(Point(concurrency: concurrency, report: report))
        model = report.model
    }

    private enum CodingKeys: String, CodingKey { case points }

    func encode(to encoder: any Encoder) throws {
        try settings.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(points, forKey: .points)
    }

    static let header =
        "at once".padding(to: 10) + "requests".padding(to: 12) + "output tokens/s".padding(to: 18)
        + "total tokens/s".padding(to: 17) + "tokens/s a user".padding(to: 18) + "ttft p50, p99 ms".padding(to: 20)
        + "tpot p50, p99 ms"

    /// The lines of the table.
    var lines: [String] {
        points.map { point in
            let report = point.report
            func ms(_ values: Distribution?) -> String {
                values.map { "\(Diagnostics.rounded($0.median * 1000)), \(Diagnostics.rounded($0.p99 * 1000))" } ?? "-"
            }
            return "\(point.concurrency)".padding(to: 10) + "\(report.completed)".padding(to: 12)
                + Diagnostics.rounded(report.outputThroughput).padding(to: 18)
                + Diagnostics.rounded(report.totalTokenThroughput).padding(to: 17)
                + (point.interactivity.map(Diagnostics.rounded) ?? "-").padding(to: 18)
                + ms(report.ttft).padding(to: 20) + ms(report.tpot)
        }
    }

    private func ttft(_ value: KeyPath<Distribution, Double>) -> [(x: Double, y: Double)] {
        points.map { (Double($0.concurrency), ($0.report.ttft?[keyPath: value] ?? 0) * 1000) }
    }

    /// Throughput against interactivity, as InferenceX draws it.
    var page: ChartPage {
        let shown = points.filter { $0.interactivity != nil }
        return ChartPage(
            "\(model): throughput against interactivity",
            subtitle: "\(settings.dataset); client on \(settings.machine.cpu)",
            [
                Chart(
                    "Marks: requests under way at once", x: "interactivity, tokens/s a user (1 / median TPOT)",
                    y: "generated tokens/s, all users",
                    [
                        Chart.Series(
                            model, shown.map { ($0.interactivity ?? 0, $0.report.outputThroughput) },
                            style: .marked(shown.map { "\($0.concurrency)" }))
                    ]),
                Chart(
                    "Time to first token", x: "requests under way at once", y: "milliseconds",
                    [
                        Chart.Series("median", ttft(\.median)), Chart.Series("p99", ttft(\.p99)),
                    ]),
            ])
    }
}

extension ConcurrencyReport.Point {
    /// Tokens a second that a user sees: one over the median time per output token.
    fileprivate var interactivity: Double? { report.tpot.flatMap { $0.median > 0 ? 1 / $0.median : nil } }
}

/// The object that `bench serve --saturation` prints last.
struct SaturationReport: Encodable {
    let settings: ServeSettings
    private let goodput: Goodput?
    private var probes: [(probe: SaturationSearch.Probe, report: LoadReport)] = []
    var result: SaturationSearch.Result?

    init(_ load: LoadGenerator.Configuration) {
        settings = ServeSettings(load)
        goodput = load.goodput
    }

    mutating func add(_ probe: SaturationSearch.Probe, _ report: LoadReport) { probes.append((probe, report)) }

    private enum CodingKeys: String, CodingKey {
        case saturation_rate, missed_rate, is_narrow, search_s, probes, goodput
    }

    private struct Probe: Encodable {
        let rate, attainment, seconds: Double
        let kept: Bool
        let output_throughput: Double
        let p99_ttft_ms, p99_tpot_ms, p99_e2el_ms: Double?
    }

    private struct Bounds: Encodable {
        let ttft_ms, tpot_ms, e2el_ms: Double?
    }

    func encode(to encoder: any Encoder) throws {
        try settings.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(result?.rate, forKey: .saturation_rate)
        try fields.encode(result?.limit, forKey: .missed_rate)
        try fields.encode(result?.isNarrow ?? false, forKey: .is_narrow)
        try fields.encode(probes.reduce(0) { $0 + $1.probe.seconds }, forKey: .search_s)
        try fields.encode(
            Bounds(
                ttft_ms: goodput?.ttftSeconds.map { $0 * 1000 }, tpot_ms: goodput?.tpotSeconds.map { $0 * 1000 },
                e2el_ms: goodput?.e2elSeconds.map { $0 * 1000 }), forKey: .goodput)
        try fields.encode(
            probes.map { probe, report in
                Probe(
                    rate: probe.rate, attainment: probe.attainment, seconds: probe.seconds, kept: probe.isKept,
                    output_throughput: report.outputThroughput, p99_ttft_ms: report.ttft.map { $0.p99 * 1000 },
                    p99_tpot_ms: report.tpot.map { $0.p99 * 1000 }, p99_e2el_ms: report.e2el.map { $0.p99 * 1000 })
            }, forKey: .probes)
    }

    static let header =
        "requests/s".padding(to: 13) + "within the goals".padding(to: 19) + "ttft p99 ms".padding(to: 14)
        + "tpot p99 ms".padding(to: 14) + "took"

    /// The lines of the table.
    var lines: [String] {
        probes.map { probe, report in
            func ms(_ values: Distribution?) -> String { values.map { Diagnostics.rounded($0.p99 * 1000) } ?? "-" }
            return String(format: "%.3g", probe.rate).padding(to: 13)
                + "\(String(format: "%.1f", probe.attainment * 100)) %\(probe.isKept ? "" : ", missed")".padding(to: 19)
                + ms(report.ttft).padding(to: 14) + ms(report.tpot).padding(to: 14)
                + "\(Diagnostics.rounded(probe.seconds)) s"
        }
    }

    /// What was found, in one line.
    var conclusion: String {
        func text(_ rate: Double) -> String { String(format: "%.4g requests/s", rate) }
        let share = "\(Int(SaturationSearch.share * 100)) % of requests"
        switch (result?.rate, result?.limit) {
        case (let rate?, let limit?):
            let note = result?.isNarrow == true ? "" : "; the time was up before they came nearer"
            return "saturation: at \(text(rate)) \(share) are within the goals, at \(text(limit)) they are not\(note)"
        case (let rate?, nil): return "no saturation: at \(text(rate)) \(share) are within the goals; give more time"
        case (nil, let limit?):
            return "no rate found: at \(text(limit)) fewer than \(share) are within the goals; widen them"
        case (nil, nil): return "no rate was tried; give more time"
        }
    }

    /// Attainment against rate.
    var page: ChartPage {
        let sorted = probes.sorted { $0.probe.rate < $1.probe.rate }
        func series(_ name: String, _ share: (LoadReport) -> Double?) -> Chart.Series? {
            let points = sorted.compactMap { item in share(item.report).map { (item.probe.rate, $0 * 100) } }
            return points.isEmpty ? nil : Chart.Series(name, points.map { (x: $0.0, y: $0.1) })
        }
        return ChartPage(
            "\(probes.last?.report.model ?? ""): requests within their goals",
            subtitle: "\(settings.dataset); \(conclusion)",
            [
                Chart(
                    "Attainment", x: "requests/s (logarithmic)", y: "requests within the goals, %", isLogarithmic: true,
                    [
                        series("time to first token", { $0.attainment?.ttft }),
                        series("time per output token", { $0.attainment?.tpot }),
                        series("end to end", { $0.attainment?.e2el }),
                        series("all goals", { $0.attainment?.all }),
                    ].compactMap { $0 }),
                Chart(
                    "Throughput at rates that were kept", x: "requests/s (logarithmic)", y: "generated tokens/s",
                    isLogarithmic: true,
                    [
                        Chart.Series(
                            "generated tokens",
                            sorted.filter(\.probe.isKept).map { ($0.probe.rate, $0.report.outputThroughput) })
                    ]),
            ])
    }
}

import Foundation

extension LoadReport {
    /// Names and values as a person reads them, in order.
    public var rows: [(name: String, value: String)] {
        var rows: [(String, String)] = [
            ("requests", requestsText),
            ("duration", "\(text(durationSeconds)) s"),
            ("tokens", "\(inputTokens) in (\(cachedTokens) cached), \(outputTokens) out"),
            ("request throughput", "\(text(requestThroughput)) requests/s"),
        ]
        if let requestGoodput { rows.append(("request goodput", "\(text(requestGoodput)) requests/s")) }
        if let attainment { rows.append(("within the goals", attainment.text)) }
        rows += [
            (
                "output throughput",
                "\(text(outputThroughput)) tokens/s, at most \(peakOutputsPerSecond) outputs in a second"
            ),
            ("total throughput", "\(text(totalTokenThroughput)) tokens/s"),
            ("peak concurrency", "\(peakConcurrency) requests"),
        ]
        if let steady {
            rows.append(
                (
                    "steady state",
                    "\(text(steady.outputTokensPerSecond)) outputs/s, \(text(steady.requestsPerSecond)) requests/s, from "
                        + "\(text(steady.startSeconds)) s to \(text(steady.endSeconds)) s"
                ))
        }
        rows += latencies.compactMap { latency in latency.values.map { (latency.title, text($0)) } }
        rows += failures.map { ("failed: \($0.kind)", "\($0.count), the first: \($0.firstMessage)") }
        let share = "\(text(clientShare * 100)) % of a core, \(client.threads) thread\(client.threads == 1 ? "" : "s")"
        let cost = clientSecondsPerOutput.map { ", \(text($0 * 1e6)) µs an output" } ?? ""
        return rows + [("this client", share + cost)]
    }

    private var requestsText: String {
        var text = "\(completed) completed"
        if rejections.count > 0 {
            text += ", \(rejections.count) rejected (\(rejections.withRetryAfter) with Retry-After)"
        }
        text += ", \(failed) failed"
        if disconnected > 0 { text += ", \(disconnected) broken off by the client" }
        if noReadClients > 0 { text += "; \(noReadClients) clients that never read" }
        return text
    }

    private var latencies: [(name: String, title: String, values: Distribution?)] {
        [
            ("ttft", "time to first token", ttft), ("tpot", "time per output token", tpot),
            ("itl", "inter-token latency", itl), ("e2el", "end-to-end latency", e2el),
            ("rejection", "time to rejection", rejections.latency),
            ("send_delay", "late sending", sendDelay.flatMap { $0.max > 0.001 ? $0 : nil }),
        ]
    }

    private func text(_ values: Distribution) -> String {
        func ms(_ seconds: Double) -> String { text(seconds * 1000) }
        return "\(ms(values.mean)) ms mean, p50 \(ms(values.median)), p90 \(ms(values.p90)), p99 \(ms(values.p99)), "
            + "max \(ms(values.max))"
    }

    private func text(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }
}

/// One flat object, under vLLM's names where vLLM has the figure; times in milliseconds, null where nothing was measured.
extension LoadReport: Encodable {
    private struct Failed: Encodable {
        let kind: String
        let count: Int
        let first_message: String
    }

    /// Writes the object.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Figures.Name.self)
        for (name, value) in figures { try object.encode(value, forKey: Figures.Name(name)) }
        try encodeWords(to: encoder)
    }

    /// What is no figure: the model's name and the failures.
    public func encodeWords(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Figures.Name.self)
        try object.encode(model, forKey: Figures.Name("model_id"))
        try object.encode(
            failures.map { Failed(kind: $0.kind, count: $0.count, first_message: $0.firstMessage) },
            forKey: Figures.Name("failures"))
    }
}

extension LoadReport {
    /// The figures under the names of `bench serve --json`: vLLM's where vLLM has the figure.
    public var figures: [(name: String, value: Double?)] {
        let counts: [(String, Int)] = [
            ("completed", completed), ("failed", failed), ("rejected", rejections.count),
            ("rejected_with_retry_after", rejections.withRetryAfter), ("disconnected", disconnected),
            ("no_read_clients", noReadClients), ("total_input_tokens", inputTokens),
            ("total_cached_tokens", cachedTokens), ("total_output_tokens", outputTokens),
            ("max_output_tokens_per_s", peakOutputsPerSecond), ("max_concurrent_requests", peakConcurrency),
            ("client_threads", client.threads),
        ]
        let values: [(String, Double?)] = [
            ("duration", durationSeconds), ("request_throughput", requestThroughput),
            ("request_goodput", requestGoodput), ("output_throughput", outputThroughput),
            ("total_token_throughput", totalTokenThroughput), ("attainment", attainment?.all),
            ("ttft_attainment", attainment?.ttft), ("tpot_attainment", attainment?.tpot),
            ("e2el_attainment", attainment?.e2el), ("steady_start_s", steady?.startSeconds),
            ("steady_end_s", steady?.endSeconds), ("steady_request_throughput", steady?.requestsPerSecond),
            ("steady_output_throughput", steady?.outputTokensPerSecond),
            ("median_interactivity", tpot.flatMap { $0.median > 0 ? 1 / $0.median : nil }),
            ("client_user_s", client.userSeconds), ("client_system_s", client.systemSeconds),
            ("client_cpu_share", clientShare), ("client_us_per_output", clientSecondsPerOutput.map { $0 * 1e6 }),
        ]
        let times = [
            ("ttft", ttft), ("tpot", tpot), ("itl", itl), ("e2el", e2el), ("rejection", rejections.latency),
            ("send_delay", sendDelay),
        ]
        return counts.map { ($0, Double($1)) } + values
            + times.flatMap { name, values in Distribution.figures(name, values) }
    }

    /// Outputs and requests over time, and how long requests took.
    public var charts: [Chart] {
        let completed = records.filter { $0.outcome == .completed }
        return Timeline(completed.map(\.activity), durationSeconds).charts(steady)
            + [
                Chart(
                    "Time to first token, end-to-end latency", x: "seconds (logarithmic)", y: "requests at or below, %",
                    isLogarithmic: true,
                    [
                        Chart.distribution("time to first token", completed.map(\.ttftSeconds)),
                        Chart.distribution("end to end", completed.map(\.latencySeconds)),
                    ]),
                Chart(
                    "Time per output token, inter-token latency", x: "milliseconds",
                    y: "requests or outputs at or below, %",
                    [
                        Chart.distribution(
                            "time per output token", completed.compactMap { $0.tpotSeconds.map { $0 * 1000 } }),
                        Chart.distribution("between outputs", completed.flatMap { $0.gapSeconds.map { $0 * 1000 } }),
                    ]),
            ]
    }
}

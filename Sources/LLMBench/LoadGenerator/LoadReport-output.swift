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
        rows += [
            (
                "output throughput",
                "\(text(outputThroughput)) tokens/s, at most \(peakOutputsPerSecond) outputs in a second"
            ),
            ("total throughput", "\(text(totalTokenThroughput)) tokens/s"),
            ("peak concurrency", "\(peakConcurrency) requests"),
        ]
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
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    private struct Failed: Encodable {
        let kind: String
        let count: Int
        let first_message: String
    }

    /// Writes the object.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Name.self)
        try object.encode(model, forKey: Name("model_id"))
        for (name, value) in [
            ("completed", completed), ("failed", failed), ("rejected", rejections.count),
            ("rejected_with_retry_after", rejections.withRetryAfter), ("disconnected", disconnected),
            ("no_read_clients", noReadClients), ("total_input_tokens", inputTokens),
            ("total_cached_tokens", cachedTokens), ("total_output_tokens", outputTokens),
            ("max_output_tokens_per_s", peakOutputsPerSecond), ("max_concurrent_requests", peakConcurrency),
            ("client_threads", client.threads),
        ] { try object.encode(value, forKey: Name(name)) }
        for (name, value) in [
            ("duration", durationSeconds), ("request_throughput", requestThroughput),
            ("request_goodput", requestGoodput), ("output_throughput", outputThroughput),
            ("total_token_throughput", totalTokenThroughput), ("client_user_s", client.userSeconds),
            ("client_system_s", client.systemSeconds), ("client_cpu_share", clientShare),
            ("client_us_per_output", clientSecondsPerOutput.map { $0 * 1e6 }),
        ] as [(String, Double?)] { try object.encode(value, forKey: Name(name)) }
        for (name, _, values) in latencies {
            for (statistic, value) in [
                ("mean", values?.mean), ("std", values?.standardDeviation), ("median", values?.median),
                ("p50", values?.median), ("p90", values?.p90), ("p95", values?.p95), ("p99", values?.p99),
                ("max", values?.max),
            ] { try object.encode(value.map { $0 * 1000 }, forKey: Name("\(statistic)_\(name)_ms")) }
        }
        try object.encode(
            failures.map { Failed(kind: $0.kind, count: $0.count, first_message: $0.firstMessage) },
            forKey: Name("failures"))
    }
}

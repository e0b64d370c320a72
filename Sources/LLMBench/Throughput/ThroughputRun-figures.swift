extension ThroughputRun {
    /// The figures under the names of `bench throughput --json`. Times of requests are in milliseconds, others in seconds.
    public var figures: [(name: String, value: Double?)] {
        func count(_ value: Int) -> Double? { Double(value) }
        var figures: [(String, Double?)] = [
            ("duration_s", durationSeconds), ("requests", count(requests.count)),
            ("total_input_tokens", count(inputTokens)),
            ("total_cached_tokens", count(requests.reduce(0) { $0 + $1.cachedTokens })),
            ("total_output_tokens", count(outputTokens)), ("requests_per_s", requestsPerSecond),
            ("input_tokens_per_s", inputTokensPerSecond), ("output_tokens_per_s", outputTokensPerSecond),
            ("total_tokens_per_s", totalTokensPerSecond), ("steady_start_s", steady?.startSeconds),
            ("steady_end_s", steady?.endSeconds), ("steady_requests_per_s", steady?.requestsPerSecond),
            ("steady_input_tokens_per_s", steady?.inputTokensPerSecond),
            ("steady_output_tokens_per_s", steady?.outputTokensPerSecond),
            ("max_concurrent_requests", steady.map { Double($0.peakConcurrency) }),
            ("prefix_cache_queries", count(prefixCacheQueries)), ("prefix_cache_hits", count(prefixCacheHits)),
            ("preemptions", count(preemptions)), ("recomputed_tokens", count(recomputedTokens)),
            ("kv_usage_mean", meanKVUsage), ("kv_usage_peak", peakKVUsage),
        ]
        for (name, cost) in [("prefill", prefill), ("decode", decode), ("mixed", mixed)] {
            figures += [
                ("\(name)_steps", count(cost.steps)), ("\(name)_step_tokens", count(cost.tokens)),
                ("\(name)_step_time_s", cost.seconds),
                ("\(name)_step_tokens_per_s", cost.steps > 0 ? cost.tokensPerSecond : nil),
            ]
        }
        return figures + Distribution.figures("queue", Distribution(requests.map(\.queueSeconds)))
            + Distribution.figures("ttft", Distribution(requests.map(\.ttftSeconds)))
            + Distribution.figures("tpot", Distribution(requests.compactMap(\.tpotSeconds)))
            + Distribution.figures("e2el", Distribution(requests.map(\.latencySeconds)))
    }

    /// Tokens and requests over time, and how long requests took.
    public var charts: [Chart] {
        let activities = requests.map(\.activity)
        return Timeline(activities, durationSeconds).charts(steady)
            + [
                Chart(
                    "Time to first token, end-to-end latency", x: "seconds (logarithmic)", y: "requests at or below, %",
                    isLogarithmic: true,
                    [
                        Chart.distribution("time to first token", requests.map(\.ttftSeconds)),
                        Chart.distribution("end to end", requests.map(\.latencySeconds)),
                    ]),
                Chart(
                    "Time per output token", x: "milliseconds", y: "requests at or below, %",
                    [
                        Chart.distribution(
                            "time per output token", requests.compactMap { $0.tpotSeconds.map { $0 * 1000 } })
                    ]),
            ]
    }
}

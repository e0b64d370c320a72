package import LLMGen

/// Metrics in Prometheus's text format, version 0.0.4.
package struct PrometheusText {
    package enum Kind: String {
        case counter, gauge, histogram
    }

    package private(set) var text = ""
    private let prefix: String

    /// - Parameter prefix: what every name begins with.
    package init(prefix: String) { self.prefix = prefix }

    /// A family of metrics that differ by their labels.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: (inout Family) -> Void) {
        var family = Family(name: prefix + name)
        samples(&family)
        text += "# HELP \(family.name) \(help)\n# TYPE \(family.name) \(kind.rawValue)\n" + family.text
    }

    /// The samples of one family.
    package struct Family {
        fileprivate let name: String
        fileprivate var text = ""

        fileprivate init(name: String) { self.name = name }

        package mutating func sample(_ labels: [(String, String)], _ value: Double, suffix: String = "") {
            text += name + suffix
            if !labels.isEmpty {
                text += "{" + labels.map { "\($0.0)=\"\(Family.escaped($0.1))\"" }.joined(separator: ",") + "}"
            }
            text += " \(Family.number(value))\n"
        }

        package mutating func histogram(_ labels: [(String, String)], _ histogram: Histogram) {
            let edges = histogram.edges.map(Family.number) + ["+Inf"]
            for (edge, count) in zip(edges, histogram.cumulativeCounts) {
                sample(labels + [("le", edge)], Double(count), suffix: "_bucket")
            }
            sample(labels, histogram.sum, suffix: "_sum")
            sample(labels, Double(histogram.count), suffix: "_count")
        }

        private static func escaped(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }

        private static func number(_ value: Double) -> String {
            if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
            return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        }
    }
}

extension PrometheusText {
    /// What every engine counts, under vLLM's names after the prefix where vLLM has the same.
    mutating func engines(_ engines: [(labels: [(String, String)], engine: Engine, metrics: EngineMetrics)]) {
        func gauge(_ name: String, _ help: String, _ value: (EngineMetrics) -> Double) {
            family(name, .gauge, help) { family in
                for engine in engines { family.sample(engine.labels, value(engine.metrics)) }
            }
        }
        func counter(_ name: String, _ help: String, _ value: (EngineMetrics) -> Int) {
            family("\(name)_total", .counter, help) { family in
                for engine in engines { family.sample(engine.labels, Double(value(engine.metrics))) }
            }
        }
        func histogram(_ name: String, _ help: String, _ value: (EngineMetrics) -> Histogram) {
            family(name, .histogram, help) { family in
                for engine in engines { family.histogram(engine.labels, value(engine.metrics)) }
            }
        }
        gauge("num_requests_running", "Sequences that have blocks.") { Double($0.running) }
        gauge("num_requests_waiting", "Sequences that wait for room.") { Double($0.waiting) }
        gauge("kv_cache_usage_perc", "Used blocks over all blocks, 0 to 1.") { $0.kvUsage }
        gauge("kv_blocks", "Blocks of the cache.") { Double($0.kvBlocks) }
        gauge("kv_blocks_used", "Blocks that running sequences refer to.") { Double($0.usedBlocks) }
        gauge("kv_blocks_cached", "Blocks that none refers to, with contents that can still be found.") {
            Double($0.cachedBlocks)
        }
        family("cache_config_info", .gauge, "How the cache is made up.") { family in
            for (labels, engine, _) in engines {
                family.sample(
                    labels + [
                        ("block_size", "\(engine.blockSize)"), ("num_gpu_blocks", "\(engine.kvBlocks)"),
                        ("cache_dtype", engine.kvCacheDtype.rawValue),
                        ("enable_prefix_caching", engine.cachesPrefixes ? "True" : "False"),
                    ], 1)
            }
        }
        counter("prefix_cache_queries", "Prompt tokens looked up in the prefix cache.") { $0.prefixCacheQueries }
        counter("prefix_cache_hits", "Prompt tokens found there.") { $0.prefixCacheHits }
        counter("num_preemptions", "Times that a sequence lost its blocks to another.") { $0.preemptions }
        counter("recomputed_tokens", "Tokens computed once more after that.") { $0.recomputedTokens }
        counter("prompt_tokens", "Prompt tokens computed or found.") { $0.promptTokens }
        counter("prompt_tokens_cached", "Those of them that were found.") { $0.cachedPromptTokens }
        counter("generation_tokens", "Tokens generated.") { $0.generationTokens }
        family("request_success_total", .counter, "Requests that have ended, by reason.") { family in
            for engine in engines {
                for (reason, count) in engine.metrics.finishedRequests.sorted(by: { $0.key.rawValue < $1.key.rawValue })
                {
                    family.sample(engine.labels + [("finished_reason", reason.rawValue)], Double(count))
                }
            }
        }
        counter("admission_rejections", "Requests that the engine did not admit.") { $0.admissionRejections }
        counter("steps", "Steps completed.") { $0.steps }
        counter("steps_over_target", "Steps over the target for the time between tokens.") { $0.stepsOverTarget }
        histogram("request_queue_time_seconds", "From arrival to the first step.") { $0.queueTime }
        histogram("time_to_first_token_seconds", "From arrival to the first token.") { $0.timeToFirstToken }
        histogram("inter_token_latency_seconds", "From a token to the next of its request.") { $0.interTokenLatency }
        histogram("e2e_request_latency_seconds", "From arrival to the end.") { $0.endToEndLatency }
        histogram("request_prefill_time_seconds", "From the first step to the first token.") { $0.prefillTime }
        histogram("request_decode_time_seconds", "From the first token to the last.") { $0.decodeTime }
        histogram("step_time_seconds", "What a step takes.") { $0.stepTime }
        histogram("iteration_tokens_total", "Tokens that a step computes.") { $0.stepRows }
        histogram("request_prompt_tokens", "Tokens of a request's prompt.") { $0.requestPromptTokens }
        histogram("request_generation_tokens", "Tokens generated for a request.") { $0.requestGenerationTokens }
    }
}

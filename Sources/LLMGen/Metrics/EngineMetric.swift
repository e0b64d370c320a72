/// A metric of an engine: where in ``EngineMetrics`` it is, and how others are told of it.
///
/// `/metrics`, swift-metrics and the table of docs/metrics.md have what ``all`` has.
package struct EngineMetric: Sendable {
    /// What Prometheus calls the kind of a metric.
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// What a metric's numbers are.
    package enum Unit: String, Sendable {
        case blocks, requests, seconds, slots, steps, times, tokens
        case share = "0 to 1"
    }

    /// Where a metric's value is.
    package enum Value: Sendable {
        case gauge(Path<Int>)
        case share(Path<Double>)
        case counter(Path<Int>)
        case countersByReason(Path<[FinishReason: Int]>)
        case histogram(Path<Histogram>)
    }

    package typealias Path<Property> = any KeyPath<EngineMetrics, Property> & Sendable

    /// The name after the prefix; vLLM's where vLLM has the metric.
    package let name: String
    package let value: Value
    package let unit: Unit
    package let help: String
    package let isInVLLM: Bool

    private init(_ name: String, _ value: Value, _ unit: Unit, _ help: String, inVLLM: Bool = true) {
        (self.name, self.value, self.unit, self.help, isInVLLM) = (name, value, unit, help, inVLLM)
    }

    package var kind: Kind {
        switch value {
        case .gauge, .share: .gauge
        case .counter, .countersByReason: .counter
        case .histogram: .histogram
        }
    }

    /// All metrics of an engine.
    package static let all: [EngineMetric] = [
        .init("num_requests_running", .gauge(\.running), .requests, "Sequences that have blocks."),
        .init("num_requests_waiting", .gauge(\.waiting), .requests, "Sequences that wait for room."),
        .init("kv_cache_usage_perc", .share(\.kvUsage), .share, "Used blocks over all blocks, 0 to 1."),
        .init("kv_blocks", .gauge(\.kvBlocks), .blocks, "Blocks of the cache.", inVLLM: false),
        .init(
            "kv_blocks_used", .gauge(\.usedBlocks), .blocks, "Blocks that running sequences refer to.", inVLLM: false),
        .init(
            "kv_blocks_cached", .gauge(\.cachedBlocks), .blocks,
            "Blocks that none refers to, with contents that can still be found.", inVLLM: false),
        .init(
            "state_slots", .gauge(\.stateSlots), .slots, "Slots for the states of recurrent layers.", inVLLM: false),
        .init(
            "state_slots_used", .gauge(\.usedStateSlots), .slots, "Slots that running sequences hold.", inVLLM: false),
        .init(
            "state_snapshots", .gauge(\.stateSnapshots), .slots,
            "Slots that none holds, with states that can still be found.", inVLLM: false),

        .init(
            "prefix_cache_queries_total", .counter(\.prefixCacheQueries), .tokens,
            "Prompt tokens looked up in the prefix cache."),
        .init("prefix_cache_hits_total", .counter(\.prefixCacheHits), .tokens, "Prompt tokens found there."),
        .init(
            "num_preemptions_total", .counter(\.preemptions), .times,
            "Times that a sequence lost its blocks to another."),
        .init(
            "recomputed_tokens_total", .counter(\.recomputedTokens), .tokens, "Tokens computed once more after that.",
            inVLLM: false),
        .init("prompt_tokens_total", .counter(\.promptTokens), .tokens, "Prompt tokens computed or found."),
        .init(
            "prompt_tokens_cached_total", .counter(\.cachedPromptTokens), .tokens, "Those of them that were found."),
        .init("generation_tokens_total", .counter(\.generationTokens), .tokens, "Tokens generated."),
        .init(
            "request_success_total", .countersByReason(\.finishedRequests), .requests,
            "Requests that have ended, by reason."),
        .init(
            "admission_rejections_total", .counter(\.admissionRejections), .requests,
            "Requests that the engine did not admit."),
        .init("steps_total", .counter(\.steps), .steps, "Steps completed.", inVLLM: false),
        .init(
            "steps_over_target_total", .counter(\.stepsOverTarget), .steps,
            "Steps over the target for the time between tokens.", inVLLM: false),
        .init(
            "prefill_step_tokens_total", .counter(\.prefillStepTokens), .tokens,
            "Tokens computed in steps with prompts only.", inVLLM: false),
        .init(
            "decode_step_tokens_total", .counter(\.decodeStepTokens), .tokens,
            "Tokens computed in steps with outputs only.", inVLLM: false),
        .init(
            "mixed_step_tokens_total", .counter(\.mixedStepTokens), .tokens,
            "Tokens computed in steps with prompts and outputs.", inVLLM: false),

        .init("request_queue_time_seconds", .histogram(\.queueTime), .seconds, "From arrival to the first step."),
        .init(
            "time_to_first_token_seconds", .histogram(\.timeToFirstToken), .seconds,
            "From arrival to the first token."),
        .init(
            "inter_token_latency_seconds", .histogram(\.interTokenLatency), .seconds,
            "From a token to the next of its request."),
        .init("e2e_request_latency_seconds", .histogram(\.endToEndLatency), .seconds, "From arrival to the end."),
        .init(
            "request_prefill_time_seconds", .histogram(\.prefillTime), .seconds,
            "From the first step to the first token."),
        .init(
            "request_decode_time_seconds", .histogram(\.decodeTime), .seconds, "From the first token to the last."),
        .init("step_time_seconds", .histogram(\.stepTime), .seconds, "What a step takes.", inVLLM: false),
        .init(
            "prefill_step_time_seconds", .histogram(\.prefillStepTime), .seconds,
            "What a step with prompts only takes.", inVLLM: false),
        .init(
            "decode_step_time_seconds", .histogram(\.decodeStepTime), .seconds, "What a step with outputs only takes.",
            inVLLM: false),
        .init(
            "mixed_step_time_seconds", .histogram(\.mixedStepTime), .seconds,
            "What a step with prompts and outputs takes.", inVLLM: false),
        .init("iteration_tokens_total", .histogram(\.stepRows), .tokens, "Tokens that a step computes."),
        .init("request_prompt_tokens", .histogram(\.requestPromptTokens), .tokens, "Tokens of a request's prompt."),
        .init(
            "request_generation_tokens", .histogram(\.requestGenerationTokens), .tokens,
            "Tokens generated for a request."),
    ]
}

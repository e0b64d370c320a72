/// What an engine does and has done, at one moment.
///
/// Gauges go up and down, counters only up, from the engine's start. Times are in seconds. vLLM's name for the same is at
/// each; docs/metrics.md has them all in a table.
public struct EngineMetrics: Sendable, Hashable {
    // Gauges

    /// Requests that have blocks. vLLM: `vllm:num_requests_running`.
    public internal(set) var running = 0
    /// Requests that wait for room. vLLM: `vllm:num_requests_waiting`.
    public internal(set) var waiting = 0
    /// Blocks of the cache. vLLM: `num_gpu_blocks` of `vllm:cache_config_info`.
    public let kvBlocks: Int
    /// Blocks that running requests refer to.
    public internal(set) var usedBlocks = 0
    /// Blocks that no request refers to, whose contents a later request may find.
    public internal(set) var cachedBlocks = 0
    /// The share of blocks that running requests refer to, 0 to 1. vLLM: `vllm:kv_cache_usage_perc`.
    public var kvUsage: Double { Double(usedBlocks) / Double(kvBlocks) }
    /// Seconds since the last step was completed; nil before the first. While requests run or wait, much more than a
    /// step takes means that the engine hangs.
    public internal(set) var secondsSinceLastStep: Double?

    // Counters

    /// Prompt tokens looked up in the prefix cache. vLLM: `vllm:prefix_cache_queries`.
    public internal(set) var prefixCacheQueries = 0
    /// Prompt tokens found there. vLLM: `vllm:prefix_cache_hits`.
    public internal(set) var prefixCacheHits = 0
    /// Times that a request lost its blocks to another. vLLM: `vllm:num_preemptions`.
    public internal(set) var preemptions = 0
    /// Tokens computed once more after that.
    public internal(set) var recomputedTokens = 0
    /// Tokens of prompts that have been computed or found. vLLM: `vllm:prompt_tokens`.
    public internal(set) var promptTokens = 0
    /// Those of them that were found in the cache. vLLM: `vllm:prompt_tokens_cached`.
    public internal(set) var cachedPromptTokens = 0
    /// Tokens generated. vLLM: `vllm:generation_tokens`.
    public internal(set) var generationTokens = 0
    /// Requests that have ended, by reason. vLLM: `vllm:request_success` with `finished_reason`.
    public internal(set) var finishedRequests: [FinishReason: Int] = Dictionary(
        uniqueKeysWithValues: FinishReason.allCases.map { ($0, 0) })
    /// Requests that were not admitted. vLLM: `vllm:admission_rejections`.
    public internal(set) var admissionRejections = 0
    /// Steps completed.
    public internal(set) var steps = 0
    /// Steps that took longer than the target for the time between tokens.
    public internal(set) var stepsOverTarget = 0

    // Histograms

    /// From a request's arrival to its first step. vLLM: `vllm:request_queue_time_seconds`.
    public internal(set) var queueTime = Histogram(edges: Histogram.requestLatencyEdges)
    /// From a request's arrival to its first token. vLLM: `vllm:time_to_first_token_seconds`.
    public internal(set) var timeToFirstToken = Histogram(edges: Histogram.timeToFirstTokenEdges)
    /// From one token of a request to the next. vLLM: `vllm:inter_token_latency_seconds`.
    public internal(set) var interTokenLatency = Histogram(edges: Histogram.interTokenLatencyEdges)
    /// From a request's arrival to its end. vLLM: `vllm:e2e_request_latency_seconds`.
    public internal(set) var endToEndLatency = Histogram(edges: Histogram.requestLatencyEdges)
    /// From a request's first step to its first token. vLLM: `vllm:request_prefill_time_seconds`.
    public internal(set) var prefillTime = Histogram(edges: Histogram.requestLatencyEdges)
    /// From a request's first token to its last. vLLM: `vllm:request_decode_time_seconds`.
    public internal(set) var decodeTime = Histogram(edges: Histogram.requestLatencyEdges)
    /// What a step takes.
    public internal(set) var stepTime = Histogram(edges: Histogram.interTokenLatencyEdges)
    /// Tokens that a step computes. vLLM: `vllm:iteration_tokens_total`.
    public internal(set) var stepRows = Histogram(edges: Histogram.stepTokenEdges)
    /// Tokens of a request's prompt, when it has ended. vLLM: `vllm:request_prompt_tokens`.
    public internal(set) var requestPromptTokens: Histogram
    /// Tokens generated for a request, when it has ended. vLLM: `vllm:request_generation_tokens`.
    public internal(set) var requestGenerationTokens: Histogram

    /// The metrics of an engine that has done nothing yet.
    init(kvBlocks: Int, maxModelLength: Int) {
        self.kvBlocks = kvBlocks
        requestPromptTokens = Histogram(edges: Histogram.requestTokenEdges(maxModelLength: maxModelLength))
        requestGenerationTokens = requestPromptTokens
    }
}

import CoreMetrics

/// The metrics of one engine in swift-metrics, for whatever backend the program has set up there.
///
/// A backend has edges of its own for what is a histogram in ``EngineMetrics``. All have the model's name as the
/// dimension `model_name`; docs/metrics.md says what each is.
struct ReportedMetrics: Sendable {
    let running: Gauge
    let waiting: Gauge
    let usedBlocks: Gauge
    let cachedBlocks: Gauge
    let kvUsage: Gauge

    let prefixCacheQueries: Counter
    let prefixCacheHits: Counter
    let preemptions: Counter
    let recomputedTokens: Counter
    let promptTokens: Counter
    let cachedPromptTokens: Counter
    let generationTokens: Counter
    let finishedRequests: [FinishReason: Counter]
    let admissionRejections: Counter
    let steps: Counter
    let stepsOverTarget: Counter

    let queueTime: Timer
    let timeToFirstToken: Timer
    let interTokenLatency: Timer
    let endToEndLatency: Timer
    let prefillTime: Timer
    let decodeTime: Timer
    let stepTime: Timer
    let stepRows: Recorder
    let requestPromptTokens: Recorder
    let requestGenerationTokens: Recorder

    /// Makes every metric.
    init(model: String, kvBlocks: Int, factory: any MetricsFactory) {
        let dimensions = [("model_name", model)]
        func gauge(_ name: String) -> Gauge {
            Gauge(label: "llmgen_\(name)", dimensions: dimensions, factory: factory)
        }
        func counter(_ name: String, _ more: [(String, String)] = []) -> Counter {
            Counter(label: "llmgen_\(name)_total", dimensions: dimensions + more, factory: factory)
        }
        func timer(_ name: String) -> Timer {
            Timer(label: "llmgen_\(name)_seconds", dimensions: dimensions, factory: factory)
        }
        func recorder(_ name: String) -> Recorder {
            Recorder(label: "llmgen_\(name)", dimensions: dimensions, aggregate: true, factory: factory)
        }
        gauge("kv_blocks").record(kvBlocks)
        running = gauge("num_requests_running")
        waiting = gauge("num_requests_waiting")
        usedBlocks = gauge("kv_blocks_used")
        cachedBlocks = gauge("kv_blocks_cached")
        kvUsage = gauge("kv_cache_usage_perc")
        prefixCacheQueries = counter("prefix_cache_queries")
        prefixCacheHits = counter("prefix_cache_hits")
        preemptions = counter("num_preemptions")
        recomputedTokens = counter("recomputed_tokens")
        promptTokens = counter("prompt_tokens")
        cachedPromptTokens = counter("prompt_tokens_cached")
        generationTokens = counter("generation_tokens")
        finishedRequests = Dictionary(
            uniqueKeysWithValues: FinishReason.allCases.map {
                ($0, counter("request_success", [("finished_reason", $0.rawValue)]))
            })
        admissionRejections = counter("admission_rejections")
        steps = counter("steps")
        stepsOverTarget = counter("steps_over_target")
        queueTime = timer("request_queue_time")
        timeToFirstToken = timer("time_to_first_token")
        interTokenLatency = timer("inter_token_latency")
        endToEndLatency = timer("e2e_request_latency")
        prefillTime = timer("request_prefill_time")
        decodeTime = timer("request_decode_time")
        stepTime = timer("step_time")
        stepRows = recorder("iteration_tokens_total")
        requestPromptTokens = recorder("request_prompt_tokens")
        requestGenerationTokens = recorder("request_generation_tokens")
    }
}

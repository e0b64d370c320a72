/// What an engine does and has done, at one moment.
///
/// Gauges go up and down, counters only up, from the engine's start. Times are in seconds. docs/metrics.md has the
/// names that others know them by: vLLM's, where vLLM has the same.
public struct EngineMetrics: Sendable, Hashable {
    // Gauges

    /// Requests that have blocks.
    public internal(set) var running = 0
    /// Requests that wait for room.
    public internal(set) var waiting = 0
    /// Blocks of the cache.
    public let kvBlocks: Int
    /// Blocks that running requests refer to.
    public internal(set) var usedBlocks = 0
    /// Blocks that no request refers to, whose contents a later request may find.
    public internal(set) var cachedBlocks = 0
    /// The share of blocks that running requests refer to, 0 to 1; of slots of states where there are no blocks.
    public var kvUsage: Double {
        kvBlocks > 0 ? Double(usedBlocks) / Double(kvBlocks) : Double(usedStateSlots) / Double(max(1, stateSlots))
    }
    /// Slots for the states of recurrent layers.
    public let stateSlots: Int
    /// Those that running requests hold.
    public internal(set) var usedStateSlots = 0
    /// Those that no request holds, whose states a later request may begin with.
    public internal(set) var stateSnapshots = 0
    /// Seconds since the last step was completed; nil before the first. While requests run or wait, much more than a
    /// step takes means that the engine hangs.
    public internal(set) var secondsSinceLastStep: Double?

    // Counters

    /// Prompt tokens looked up in the prefix cache.
    public internal(set) var prefixCacheQueries = 0
    /// Prompt tokens found there.
    public internal(set) var prefixCacheHits = 0
    /// Times that a request lost its blocks to another.
    public internal(set) var preemptions = 0
    /// Tokens computed once more after that.
    public internal(set) var recomputedTokens = 0
    /// Tokens of prompts that have been computed or found.
    public internal(set) var promptTokens = 0
    /// Those of them that were found in the cache.
    public internal(set) var cachedPromptTokens = 0
    /// Tokens generated.
    public internal(set) var generationTokens = 0
    /// Requests that have ended, by reason.
    public internal(set) var finishedRequests: [FinishReason: Int] = Dictionary(
        uniqueKeysWithValues: FinishReason.allCases.map { ($0, 0) })
    /// Requests that were not admitted.
    public internal(set) var admissionRejections = 0
    /// Steps completed.
    public internal(set) var steps = 0
    /// Steps that took longer than the target for the time between tokens.
    public internal(set) var stepsOverTarget = 0
    /// Tokens computed in steps that computed prompts only.
    public internal(set) var prefillStepTokens = 0
    /// Tokens computed in steps that computed outputs only.
    public internal(set) var decodeStepTokens = 0
    /// Tokens computed in steps that computed prompts and outputs.
    public internal(set) var mixedStepTokens = 0

    // Histograms

    /// From a request's arrival to its first step.
    public internal(set) var queueTime = Histogram(edges: Histogram.requestLatencyEdges)
    /// From a request's arrival to its first token.
    public internal(set) var timeToFirstToken = Histogram(edges: Histogram.timeToFirstTokenEdges)
    /// From one token of a request to the next.
    public internal(set) var interTokenLatency = Histogram(edges: Histogram.interTokenLatencyEdges)
    /// From a request's arrival to its end.
    public internal(set) var endToEndLatency = Histogram(edges: Histogram.requestLatencyEdges)
    /// From a request's first step to its first token.
    public internal(set) var prefillTime = Histogram(edges: Histogram.requestLatencyEdges)
    /// From a request's first token to its last.
    public internal(set) var decodeTime = Histogram(edges: Histogram.requestLatencyEdges)
    /// What a step takes.
    public internal(set) var stepTime = Histogram(edges: Histogram.interTokenLatencyEdges)
    /// What a step takes that computes prompts only; a sequence that catches up after a preemption is like a prompt.
    public internal(set) var prefillStepTime = Histogram(edges: Histogram.interTokenLatencyEdges)
    /// What a step takes that computes outputs only.
    public internal(set) var decodeStepTime = Histogram(edges: Histogram.interTokenLatencyEdges)
    /// What a step takes that computes prompts and outputs.
    public internal(set) var mixedStepTime = Histogram(edges: Histogram.interTokenLatencyEdges)
    /// Tokens that a step computes.
    public internal(set) var stepRows = Histogram(edges: Histogram.stepTokenEdges)
    /// Tokens of a request's prompt, when it has ended.
    public internal(set) var requestPromptTokens: Histogram
    /// Tokens generated for a request, when it has ended.
    public internal(set) var requestGenerationTokens: Histogram

    /// The metrics of an engine that has done nothing yet.
    init(kvBlocks: Int, stateSlots: Int, maxModelLength: Int) {
        self.kvBlocks = kvBlocks
        self.stateSlots = stateSlots
        requestPromptTokens = Histogram(edges: Histogram.requestTokenEdges(maxModelLength: maxModelLength))
        requestGenerationTokens = requestPromptTokens
    }
}

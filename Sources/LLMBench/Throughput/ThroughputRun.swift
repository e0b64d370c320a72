import LLMGen

/// What came of a dataset's requests in an engine, all given at once.
public struct ThroughputRun: Sendable {
    /// One request. Times count from when the requests came.
    public struct Request: Sendable, Hashable {
        /// The conversation's number.
        public let conversation: Int
        /// The request's place in it, from 0.
        public let turn: Int
        /// Tokens of the prompt, and those of them that came from the prefix cache.
        public let promptTokens, cachedTokens: Int
        /// Tokens generated.
        public let outputTokens: Int
        /// When it came, in seconds.
        public let arrivalSeconds: Double
        /// From its arrival to its first step, in seconds.
        public let queueSeconds: Double
        /// From its arrival to its first token, in seconds.
        public let ttftSeconds: Double
        /// From its arrival to its end, in seconds.
        public let latencySeconds: Double
        /// When each token came, in seconds.
        public let tokenSeconds: [Double]
        /// Times that it lost its blocks.
        public let preemptions: Int

        init(
            conversation: Int, turn: Int, _ output: RequestOutput, arrivalSeconds: Double, tokenSeconds: [Double]
        ) {
            self.conversation = conversation
            self.turn = turn
            promptTokens = output.usage.promptTokens
            cachedTokens = output.usage.cachedTokens
            outputTokens = output.usage.completionTokens
            self.arrivalSeconds = arrivalSeconds
            queueSeconds = output.timings.queueSeconds
            ttftSeconds = output.timings.ttftSeconds
            latencySeconds = output.timings.totalSeconds
            self.tokenSeconds = tokenSeconds
            preemptions = output.timings.preemptions
        }

        /// Seconds a token after the first; nil where there are not two.
        public var tpotSeconds: Double? {
            guard tokenSeconds.count > 1 else { return nil }
            return (tokenSeconds[tokenSeconds.count - 1] - tokenSeconds[0]) / Double(tokenSeconds.count - 1)
        }
    }

    /// What the steps of one kind took, by the engine's own counters.
    public struct StepCost: Sendable, Hashable {
        /// Steps.
        public let steps: Int
        /// Tokens that they computed.
        public let tokens: Int
        /// Seconds that they took.
        public let seconds: Double

        /// Tokens computed a second of such steps.
        public var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
        /// Seconds a step.
        public var secondsPerStep: Double { steps > 0 ? seconds / Double(steps) : 0 }
        /// Tokens a step.
        public var tokensPerStep: Double { steps > 0 ? Double(tokens) / Double(steps) : 0 }
    }

    /// Every request, by conversation and turn.
    public let requests: [Request]
    /// Seconds from when the requests came to the last token.
    public let durationSeconds: Double
    /// Steps that computed prompts only, outputs only, and both.
    public let prefill, decode, mixed: StepCost
    /// Times that a request lost its blocks.
    public let preemptions: Int
    /// Tokens computed once more after that.
    public let recomputedTokens: Int
    /// Prompt tokens looked up in the prefix cache, and found there.
    public let prefixCacheQueries, prefixCacheHits: Int
    /// Tokens of prompts and generated ones, by the engine's counters.
    public let countedPromptTokens, countedGenerationTokens: Int
    /// The share of blocks in use while requests ran: the mean, and the most that was seen.
    public let meanKVUsage, peakKVUsage: Double
    /// The part of the run without ramp and drain; nil where there is none.
    public let steady: SteadyState?

    /// Tokens of all prompts.
    public let inputTokens: Int
    /// Tokens generated.
    public let outputTokens: Int

    init(requests: [Request], before: EngineMetrics, after: EngineMetrics, kvUsage: [Double]) {
        self.requests = requests
        durationSeconds = requests.compactMap(\.tokenSeconds.last).max() ?? 0
        inputTokens = requests.reduce(0) { $0 + $1.promptTokens }
        outputTokens = requests.reduce(0) { $0 + $1.outputTokens }
        func cost(_ time: KeyPath<EngineMetrics, Histogram>, _ tokens: KeyPath<EngineMetrics, Int>) -> StepCost {
            StepCost(
                steps: after[keyPath: time].count - before[keyPath: time].count,
                tokens: after[keyPath: tokens] - before[keyPath: tokens],
                seconds: after[keyPath: time].sum - before[keyPath: time].sum)
        }
        prefill = cost(\.prefillStepTime, \.prefillStepTokens)
        decode = cost(\.decodeStepTime, \.decodeStepTokens)
        mixed = cost(\.mixedStepTime, \.mixedStepTokens)
        preemptions = after.preemptions - before.preemptions
        recomputedTokens = after.recomputedTokens - before.recomputedTokens
        prefixCacheQueries = after.prefixCacheQueries - before.prefixCacheQueries
        prefixCacheHits = after.prefixCacheHits - before.prefixCacheHits
        countedPromptTokens = after.promptTokens - before.promptTokens
        countedGenerationTokens = after.generationTokens - before.generationTokens
        meanKVUsage = kvUsage.isEmpty ? 0 : kvUsage.reduce(0, +) / Double(kvUsage.count)
        peakKVUsage = kvUsage.max() ?? 0
        steady = SteadyState(requests.map(\.activity))
    }

    /// Requests a second.
    public var requestsPerSecond: Double { rate(requests.count) }
    /// Prompt tokens a second, cached ones included.
    public var inputTokensPerSecond: Double { rate(inputTokens) }
    /// Generated tokens a second.
    public var outputTokensPerSecond: Double { rate(outputTokens) }
    /// Prompt and generated tokens a second.
    public var totalTokensPerSecond: Double { rate(inputTokens + outputTokens) }

    private func rate(_ count: Int) -> Double { durationSeconds > 0 ? Double(count) / durationSeconds : 0 }
}

extension ThroughputRun.Request {
    /// When it ran and what came when.
    var activity: Activity {
        let end = tokenSeconds.last ?? arrivalSeconds + latencySeconds
        return Activity(
            start: min(arrivalSeconds + queueSeconds, end), end: end, inputTokens: promptTokens,
            tokenSeconds: tokenSeconds)
    }
}

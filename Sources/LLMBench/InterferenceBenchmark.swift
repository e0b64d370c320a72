public import LLMGen

/// Times streams that decode while long prompts arrive, with a bound on the time between tokens and without: what
/// `llmgen bench interference` runs.
public struct InterferenceBenchmark: Sendable {
    /// Streams that decode.
    public let streams: Int
    /// Tokens that each of them generates, after a prompt of 128.
    public let streamTokens: Int
    /// Long prompts, each of which arrives when the one before has its first token.
    public let prompts: Int
    /// Tokens of a long prompt; it generates 16.
    public let promptTokens: Int

    /// What one run of the load came to.
    public struct Result: Sendable, Hashable {
        /// Seconds between two tokens of a stream while long prompts were computed: the median.
        public let medianGapSeconds: Double
        /// The 99th percentile of the same.
        public let slowGapSeconds: Double
        /// The longest of the same.
        public let longestGapSeconds: Double
        /// Seconds from a long prompt's arrival to its first token, the mean.
        public let promptSeconds: Double
        /// All tokens, of prompts and generated, over the time until all requests were done.
        public let tokensPerSecond: Double
        /// Steps that took longer than the bound while somebody waited for a token.
        public let stepsOverTarget: Int
        /// Steps.
        public let steps: Int
    }

    /// - Throws: ``LLMGenError`` `invalidArgument` for a size below 1.
    public init(streams: Int, streamTokens: Int, prompts: Int, promptTokens: Int) throws(LLMGenError) {
        let sizes = [
            ("streams", streams), ("stream-len", streamTokens), ("prompts", prompts), ("prompt-len", promptTokens),
        ]
        for (name, value) in sizes where value < 1 {
            throw LLMGenError(code: .invalidArgument, message: "\(name) is \(value); it must be at least 1")
        }
        self.streams = streams
        self.streamTokens = streamTokens
        self.prompts = prompts
        self.promptTokens = promptTokens
    }

    private static let streamPromptTokens = 128
    private static let outputTokens = 16

    /// Runs the load once, after one long prompt as a warm-up.
    public func run(_ engine: Engine) async throws -> Result {
        let vocabulary = TokenID(engine.model.vocabularySize)
        func prompt(_ count: Int) -> Prompt {
            .tokenIDs((0..<count).map { _ in TokenID.random(in: 0..<vocabulary) })
        }
        func parameters(_ tokens: Int) throws -> SamplingParameters {
            try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: tokens)
        }
        _ = try await engine.generate([prompt(promptTokens)], parameters(2))
        let before = engine.metrics
        let start = ContinuousClock.now
        let decoding = engine.streams(
            (0..<streams).map { _ in prompt(Self.streamPromptTokens) }, try parameters(streamTokens))
        let gaps = Task {
            try await withThrowingTaskGroup(of: [ContinuousClock.Instant].self) { group in
                for stream in decoding {
                    group.addTask {
                        var instants: [ContinuousClock.Instant] = []
                        for try await piece in stream where piece.tokenID != nil { instants.append(piece.instant) }
                        return instants
                    }
                }
                return try await group.reduce(into: [[ContinuousClock.Instant]]()) { $0.append($1) }
            }
        }
        // The streams are decoding by the time that the first long prompt comes.
        while engine.metrics.generationTokens - before.generationTokens < 4 * streams {
            try await Task.sleep(for: .milliseconds(5))
        }
        let arrival = ContinuousClock.now
        var (promptSeconds, lastFirst) = (0.0, arrival)
        var rest: [Task<Void, any Error>] = []
        for _ in 0..<prompts {
            let begin = ContinuousClock.now
            let (firsts, signal) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
            let stream = engine.generate(prompt(promptTokens), try parameters(Self.outputTokens))
            rest.append(
                Task {
                    for try await piece in stream { signal.yield(piece.instant) }
                    signal.finish()
                })
            for await first in firsts {
                promptSeconds += (first - begin).seconds
                lastFirst = first
                break
            }
        }
        for task in rest { try await task.value }
        let instants = try await gaps.value
        let end = ContinuousClock.now
        let during = instants.flatMap { stream in
            zip(stream, stream.dropFirst()).filter { $1 > arrival && $0 < lastFirst }.map { ($1 - $0).seconds }
        }.sorted()
        guard !during.isEmpty else {
            throw LLMGenError(
                code: .failed, message: "the streams ended before a long prompt was computed; give a longer stream-len")
        }
        let tokens =
            streams * (Self.streamPromptTokens + streamTokens) + prompts * (promptTokens + Self.outputTokens)
        let after = engine.metrics
        return Result(
            medianGapSeconds: during[during.count / 2], slowGapSeconds: during[during.count * 99 / 100],
            longestGapSeconds: during[during.count - 1], promptSeconds: promptSeconds / Double(prompts),
            tokensPerSecond: Double(tokens) / (end - start).seconds,
            stepsOverTarget: after.stepsOverTarget - before.stepsOverTarget, steps: after.steps - before.steps)
    }
}

public import LLMGen

/// Gives an engine all requests of a dataset at once and times it: what `llmgen bench throughput` runs.
///
/// Decoding is greedy and goes on after EOS, so that outputs have the length that the data says. A further turn of a
/// conversation comes as soon as the answer before is whole.
public struct ThroughputBenchmark: Sendable {
    /// What is asked for.
    public let dataset: Dataset
    /// Conversations.
    public let count: Int
    /// Conversations before the measurement, which are in no figure.
    public let warmUpCount: Int

    /// How far a run is.
    public struct Progress: Sendable {
        /// Requests that have ended.
        public let done: Int
        /// Requests in all.
        public let all: Int
        /// Tokens generated so far.
        public let outputTokens: Int
        /// Seconds since the requests came.
        public let seconds: Double
    }

    /// - Throws: ``LLMGenError`` `invalidArgument` for a number out of its range.
    public init(dataset: Dataset, count: Int, warmUpCount: Int = 0) throws(LLMGenError) {
        try BenchOption.check("num-prompts", count, 1...10_000_000)
        try BenchOption.check("num-warmups", warmUpCount, 0...1_000_000)
        self.dataset = dataset
        self.count = count
        self.warmUpCount = warmUpCount
    }

    private static let samplingInterval = Duration.milliseconds(5)

    /// Checks that the engine takes every conversation's first request. - Throws: ``LLMGenError`` with the prompt's number.
    public func check(_ engine: Engine) throws {
        _ = try prepared((0..<count).map { dataset.conversation($0) }, engine)
    }

    /// Runs the warm-up, forgets what the prefix cache has, and runs all requests once.
    ///
    /// - Parameter progress: called now and then while requests run, and once they have ended.
    /// - Throws: the first request's ``LLMGenError`` that the engine refuses, before any runs.
    public func run(
        _ engine: Engine, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> ThroughputRun {
        let warmUps = (0..<warmUpCount).map { dataset.conversation($0, isWarmUp: true) }
        _ = try await requests(of: warmUps, engine)
        engine.resetPrefixCache()
        let conversations = (0..<count).map { dataset.conversation($0) }
        await engine.settle()
        let before = engine.metrics
        let start = ContinuousClock.now
        let turns = conversations.reduce(0) { $0 + $1.turns.count }
        let watch = Task { await self.watch(engine, before, turns, start, progress) }
        let requests: [ThroughputRun.Request]
        do {
            requests = try await self.requests(of: conversations, engine)
        } catch {
            watch.cancel()
            _ = await watch.value
            throw error
        }
        await engine.settle()
        let after = engine.metrics
        watch.cancel()
        var usage = await watch.value
        if usage.isEmpty { usage = [after.kvUsage] }
        let run = ThroughputRun(requests: requests, before: before, after: after, kvUsage: usage)
        progress(
            Progress(done: turns, all: turns, outputTokens: run.outputTokens, seconds: run.durationSeconds))
        return run
    }

    /// Looks at the engine until the task is cancelled; the share of blocks in use each time.
    private func watch(
        _ engine: Engine, _ before: EngineMetrics, _ all: Int, _ start: ContinuousClock.Instant,
        _ progress: @Sendable (Progress) -> Void
    ) async -> [Double] {
        var usage: [Double] = []
        var last = start
        while (try? await Task.sleep(for: Self.samplingInterval)) != nil {
            let now = engine.metrics
            if now.running > 0 { usage.append(now.kvUsage) }
            guard last + .milliseconds(200) <= .now else { continue }
            last = .now
            progress(
                Progress(
                    done: now.endToEndLatency.count - before.endToEndLatency.count, all: all,
                    outputTokens: now.generationTokens - before.generationTokens, seconds: (last - start).seconds))
        }
        return usage
    }

    // MARK: Requests

    /// Runs conversations together; what came of their requests, in order.
    private func requests(
        of conversations: [Dataset.Conversation], _ engine: Engine
    ) async throws -> [ThroughputRun.Request] {
        let prepared = try prepared(conversations, engine)
        let start = ContinuousClock.now
        let streams = engine.submit(prepared)
        return try await withThrowingTaskGroup(of: (Int, [ThroughputRun.Request]).self) { group in
            for (index, stream) in streams.enumerated() {
                group.addTask {
                    (index, try await follow(index, conversations[index], stream, engine, since: start))
                }
            }
            var all: [[ThroughputRun.Request]] = Array(repeating: [], count: conversations.count)
            for try await (index, requests) in group { all[index] = requests }
            return all.flatMap { $0 }
        }
    }

    /// The first requests of conversations, all of which the engine takes.
    private func prepared(
        _ conversations: [Dataset.Conversation], _ engine: Engine
    ) throws -> [PreparedGeneration] {
        var prepared: [PreparedGeneration] = []
        for (index, conversation) in conversations.enumerated() {
            do {
                prepared.append(try prepare(conversation.turns[0].content, conversation.turns[0], engine))
            } catch let error as LLMGenError {
                throw LLMGenError(code: error.code, message: "prompt \(index): \(error.message)", cause: error)
            }
        }
        return prepared
    }

    private func follow(
        _ index: Int, _ conversation: Dataset.Conversation, _ first: AsyncThrowingStream<OutputPiece, any Error>,
        _ engine: Engine, since start: ContinuousClock.Instant
    ) async throws -> [ThroughputRun.Request] {
        var said = conversation.turns[0].content
        var stream = first
        var arrival = start
        var requests: [ThroughputRun.Request] = []
        for (number, turn) in conversation.turns.enumerated() {
            var instants: [Double] = []
            instants.reserveCapacity(min(turn.outputTokens, 65536))
            var whole: RequestOutput?
            for try await piece in stream {
                if piece.tokenID != nil { instants.append((piece.instant - start).seconds) }
                whole = piece.output ?? whole
            }
            guard let output = whole else { throw CancellationError() }
            requests.append(
                ThroughputRun.Request(
                    conversation: index, turn: number, output, arrivalSeconds: (arrival - start).seconds,
                    tokenSeconds: instants))
            guard number + 1 < conversation.turns.count else { break }
            let next = conversation.turns[number + 1]
            let answer: Dataset.Content =
                if case .tokenIDs = said { .tokenIDs(output.tokenIDs) } else { .text(output.text) }
            said = said.continued(by: answer, and: next.content)
            arrival = .now
            stream = engine.submit([try prepare(said, next, engine)])[0]
        }
        return requests
    }

    private func prepare(
        _ content: Dataset.Content, _ turn: Dataset.Turn, _ engine: Engine
    ) throws -> PreparedGeneration {
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: turn.outputTokens)
        let prompt: Prompt
        switch content {
        case .tokenIDs(let ids): prompt = .tokenIDs(ids)
        case .text(let text): prompt = .text(text)
        case .messages(let messages):
            prompt = try engine.model.prompt(
                for: ChatTemplateInput(
                    messages: messages.map {
                        .object([.init("role", .string($0.role)), .init("content", .string($0.content))])
                    }))
        }
        return try engine.prepare(prompt, parameters)
    }
}

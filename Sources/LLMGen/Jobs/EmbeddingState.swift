import LLMScheduling
import LLMTensor

/// A live embedding on the engine's thread.
struct EmbeddingState {
    let request: EmbeddingRequest
    private var pooled = PooledStates()
    private var firstStep: ContinuousClock.Instant?

    init(_ request: EmbeddingRequest) { self.request = request }

    /// Its sequence begins to run.
    mutating func started(at now: ContinuousClock.Instant) { firstStep = firstStep ?? now }

    /// Takes the hidden states of a step's rows, the first of them at `position`.
    mutating func append(_ states: Matrix, at position: Int) {
        pooled.append(states, restarts: position == 0)
    }

    /// The vector; an error where the hidden states are no numbers.
    func output() throws(LLMGenError) -> EmbeddingOutput {
        guard let embedding = pooled.mean(normalize: request.normalize) else {
            throw LLMGenError(
                code: .failed,
                message:
                    "the hidden states of the prompt's \(request.prompt.count) tokens have a value that is no finite"
                    + " number; check the model's weights, or load them with compute-dtype float32")
        }
        return EmbeddingOutput(
            embedding: embedding,
            usage: Usage(promptTokens: request.prompt.count, cachedTokens: 0, completionTokens: 0))
    }

    /// Ends the request with its vector.
    func finish(_ output: EmbeddingOutput) {
        request.sink.yield(output)
        request.sink.finish()
    }

    /// Ends the request with an error of its own.
    func fail(_ error: LLMGenError) { request.sink.finish(throwing: error) }

    /// Seconds from its arrival to its first step, or to `now` where there was none.
    func queueSeconds(at now: ContinuousClock.Instant) -> Double { ((firstStep ?? now) - request.arrival).seconds }

    /// Seconds from its first step to `now`.
    func prefillSeconds(at now: ContinuousClock.Instant) -> Double { (now - (firstStep ?? now)).seconds }
}

/// A text to embed on its way to the engine's thread.
struct EmbeddingRequest: Sendable {
    let id: SequenceID
    let prompt: [TokenID]
    let pooling: Pooling
    let normalize: Bool
    let options: RequestOptions
    let sink: AsyncThrowingStream<EmbeddingOutput, any Error>.Continuation
    let arrival: ContinuousClock.Instant
}

extension SequenceRequest {
    /// What is asked of the scheduler; times count from `start`, the engine's.
    init(_ request: EmbeddingRequest, since start: ContinuousClock.Instant) {
        let deadline = request.options.timeout.map { (request.arrival - start + $0).nanoseconds }
        // Cached blocks have keys and values, and no hidden states.
        self.init(
            id: request.id, prompt: request.prompt, priority: request.options.priority, deadline: deadline,
            cacheSalt: request.options.cacheSalt, readsPrefixCache: false,
            promptStates: request.pooling == .mean ? .all : .last)
    }
}

extension LLMGenError {
    /// An embedding that has no vector ends with an error, for a part of a text would be another text.
    init(unfinished request: EmbeddingRequest, _ reason: FinishReason) {
        switch reason {
        case .timeout:
            let seconds = request.options.timeout?.seconds ?? 0
            self.init(
                code: .timedOut,
                message: "the embedding was not done within its timeout of \(seconds) s; give it more time")
        default:
            self.init(code: .aborted, message: "the embedding was aborted before it was done; ask again")
        }
    }
}

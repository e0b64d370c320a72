public import LLMSampling
import LLMScheduling
import LLMTokenizer

extension Engine {
    /// Generates from one prompt, token by token. The last piece has the whole output.
    ///
    /// The stream throws ``LLMGenError``: a prompt that is empty, too long or not in the vocabulary, a request that can
    /// never fit, a queue that is full, logits that are no numbers.
    public func generate(
        _ prompt: Prompt, _ parameters: SamplingParameters, _ options: RequestOptions = RequestOptions()
    ) -> AsyncThrowingStream<OutputPiece, any Error> {
        streams([prompt], parameters, options)[0]
    }

    /// Generates from one prompt, token by token.
    public func generate(
        _ prompt: String, _ parameters: SamplingParameters, _ options: RequestOptions = RequestOptions()
    ) -> AsyncThrowingStream<OutputPiece, any Error> {
        generate(.text(prompt), parameters, options)
    }

    /// Generates from all prompts, token by token; one stream a prompt, in their order. The prompts come to the engine
    /// together: no step is computed before all are there.
    public func streams(
        _ prompts: [Prompt], _ parameters: SamplingParameters, _ options: RequestOptions = RequestOptions()
    ) -> [AsyncThrowingStream<OutputPiece, any Error>] {
        let arrival = ContinuousClock.now
        var requests: [EngineRequest] = []
        let streams = prompts.map { prompt in
            let (stream, sink) = AsyncThrowingStream.makeStream(of: OutputPiece.self)
            do throws(LLMGenError) {
                let sampling = try resolve(parameters)
                let id = ids.next(sampling.n)
                requests.append(
                    EngineRequest(
                        id: id, prompt: sampling.truncated(try tokens(of: prompt), maxModelLength: maxModelLength),
                        sampling: sampling, options: options, sink: sink, arrival: arrival))
                // The stream keeps the engine: a caller may let go of it while pieces are still to come.
                sink.onTermination = { [self] reason in
                    if case .cancelled = reason { inbox.post(.abort(id)) }
                }
            } catch {
                sink.finish(throwing: error)
            }
            return stream
        }
        watch.began()
        inbox.post(.add(requests))
        return streams
    }

    /// Generates from all prompts together and returns their outputs in the prompts' order.
    ///
    /// - Throws: the first prompt's ``LLMGenError``, or `CancellationError`; the others are cancelled.
    public func generate(
        _ prompts: [Prompt], _ parameters: SamplingParameters, _ options: RequestOptions = RequestOptions()
    ) async throws -> [RequestOutput] {
        var outputs: [RequestOutput] = []
        for stream in streams(prompts, parameters, options) { outputs.append(try await Engine.output(of: stream)) }
        return outputs
    }

    /// The whole output of a stream of pieces, when it has come.
    public static func output(of pieces: AsyncThrowingStream<OutputPiece, any Error>) async throws -> RequestOutput {
        for try await piece in pieces {
            if let output = piece.output { return output }
        }
        throw CancellationError()
    }

    /// Searches for the continuations that are most probable as a whole; the beams share the blocks of what they have in
    /// common. Cancelling the task ends the search.
    ///
    /// - Throws: ``LLMGenError``, as the streams of ``generate(_:_:_:)-(Prompt,_,_)`` do, or `CancellationError`.
    public func beamSearch(
        _ prompt: Prompt, _ parameters: BeamSearchParameters, _ options: RequestOptions = RequestOptions()
    ) async throws -> BeamSearchOutput {
        let tokens = try tokens(of: prompt)
        let id = ids.next()
        let arrival = ContinuousClock.now
        let output = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reply in
                watch.began()
                inbox.post(
                    .search(
                        BeamSearchRequest(
                            id: id, prompt: tokens, parameters: parameters, options: options, reply: reply,
                            arrival: arrival)))
            }
        } onCancel: {
            inbox.post(.abort(id))
        }
        try Task.checkCancellation()
        return output
    }

    /// The token ids of a prompt; see ``LanguageModel/tokens(of:)``.
    public func tokens(of prompt: Prompt) throws(LLMGenError) -> [TokenID] { try model.tokens(of: prompt) }

    /// Checks requests without running them, for those who want to know before their streams begin.
    ///
    /// - Throws: ``LLMGenError``, the first that a stream of ``streams(_:_:_:)`` would throw before its first step, but
    ///   for a queue that is full then.
    public func check(_ prompts: [Prompt], _ parameters: SamplingParameters) throws(LLMGenError) {
        let sampling = try resolve(parameters)
        for prompt in prompts {
            let tokens = sampling.truncated(try tokens(of: prompt), maxModelLength: maxModelLength)
            try check(
                SequenceRequest(
                    id: SequenceID(0), prompt: tokens, maxTokens: sampling.maxTokens, minTokens: sampling.minTokens,
                    width: sampling.n))
        }
    }

    /// Whether the engine's limits could hold a request.
    func check(_ request: SequenceRequest) throws(LLMGenError) {
        do {
            _ = try scheduling.lengthLimit(of: request)
        } catch {
            throw LLMGenError(error)
        }
    }

    private func resolve(_ parameters: SamplingParameters) throws(LLMGenError) -> ResolvedSampling {
        do {
            return try parameters.resolved(
                defaults: model.samplingDefaults, vocabularySize: model.vocabularySize, eosTokenIDs: model.eosTokens,
                tokenize: model.tokenizer.map(Engine.tokenize))
        } catch {
            throw LLMGenError(error)
        }
    }

    private static func tokenize(_ tokenizer: any Tokenizer) -> SamplingParameters.Tokenize {
        { text throws(SamplingError) in
            do throws(TokenizerError) {
                return try tokenizer.encode(text, addSpecialTokens: false)
            } catch {
                throw SamplingError(
                    .outOfRange, field: "bad_words or dry_sequence_breakers", problem: error.message,
                    remedy: "change the text")
            }
        }
    }
}

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
        let prepared = prompts.map { prompt in
            Result { () throws(LLMGenError) in try resolved(prompt, parameters, options) }
        }
        return submit(prepared, since: arrival)
    }

    /// Generates from all prompts together and returns their outputs in the prompts' order.
    ///
    /// - Throws: the first prompt's ``LLMGenError``, or `CancellationError`; the others are cancelled.
    public func generate(
        _ prompts: [Prompt], _ parameters: SamplingParameters, _ options: RequestOptions = RequestOptions()
    ) async throws -> [RequestOutput] {
        try await Engine.outputs(of: streams(prompts, parameters, options))
    }

    /// The whole output of a stream of pieces, when it has come.
    public static func output(of pieces: AsyncThrowingStream<OutputPiece, any Error>) async throws -> RequestOutput {
        for try await piece in pieces {
            if let output = piece.output { return output }
        }
        throw CancellationError()
    }

    /// The whole outputs of streams of pieces, in their order.
    ///
    /// - Throws: the first stream's ``LLMGenError``, or `CancellationError`; the others are cancelled.
    public static func outputs(
        of streams: [AsyncThrowingStream<OutputPiece, any Error>]
    ) async throws -> [RequestOutput] {
        var outputs: [RequestOutput] = []
        for stream in streams { outputs.append(try await output(of: stream)) }
        return outputs
    }

    /// The token ids of a prompt; see ``LanguageModel/tokens(of:)``.
    public func tokens(of prompt: Prompt) throws(LLMGenError) -> [TokenID] { try model.tokens(of: prompt) }

    /// Checks and resolves a request without running it, for callers who want to know before its stream begins:
    /// ``submit(_:)`` runs it then. A seed that is taken at random is the prepared request's.
    ///
    /// - Throws: ``LLMGenError``, the first that the stream of ``generate(_:_:_:)-(Prompt,_,_)`` would throw before its
    ///   first step, but for a queue that is full then.
    public func prepare(
        _ prompt: Prompt, _ parameters: SamplingParameters, _ options: RequestOptions = RequestOptions()
    ) throws(LLMGenError) -> PreparedGeneration {
        try checked(resolved(prompt, parameters, options))
    }

    /// Runs prepared requests together, token by token; one stream a request, in their order.
    ///
    /// - Precondition: this engine has prepared them.
    public func submit(_ prepared: [PreparedGeneration]) -> [AsyncThrowingStream<OutputPiece, any Error>] {
        submit(prepared.map { .success($0) })
    }

    /// The request with everything decided; whether it fits is for the engine's thread to see, or for ``checked(_:)``.
    private func resolved(
        _ prompt: Prompt, _ parameters: SamplingParameters, _ options: RequestOptions
    ) throws(LLMGenError) -> PreparedGeneration {
        try model.check(.generate)
        let sampling = try resolve(parameters)
        return PreparedGeneration(
            promptTokenIDs: sampling.truncated(try tokens(of: prompt), maxModelLength: maxModelLength),
            sampling: sampling, options: options, format: try model.grammars.entry(options.output, of: model))
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

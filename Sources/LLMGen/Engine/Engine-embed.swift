import LLMScheduling

extension Engine {
    /// One vector a prompt, in the prompts' order: the model's hidden states after its last norm, pooled.
    ///
    /// A prompt is scheduled like a request that generates, and may have all of ``maxModelLength`` tokens. Its vector is
    /// the same bits whatever else the engine computes. The prefix cache is not read. An input at fault ends all:
    /// nothing is computed where a prompt is empty, too long or not in the vocabulary.
    ///
    /// - Parameter options: of each prompt; logits processors and an output format have nothing to do.
    /// - Throws: ``LLMGenError``: that of the first prompt at fault, a queue that has no room for all, a timeout, an
    ///   abort, hidden states that are no numbers; or `CancellationError` where the task is cancelled. The others are
    ///   ended, and their blocks free within a step.
    public func embed(
        _ prompts: [Prompt], _ parameters: EmbeddingParameters = EmbeddingParameters(),
        _ options: RequestOptions = RequestOptions()
    ) async throws -> [EmbeddingOutput] {
        try await embed(try prompts.map { try prepare($0, parameters, options) })
    }

    /// Checks and resolves a text to embed without computing it; ``embed(_:)-([PreparedEmbedding])`` does that.
    ///
    /// - Throws: ``LLMGenError``, the first that ``embed(_:_:_:)`` would throw before its first step, but for a queue that
    ///   is full then.
    public func prepare(
        _ prompt: Prompt, _ parameters: EmbeddingParameters, _ options: RequestOptions = RequestOptions()
    ) throws(LLMGenError) -> PreparedEmbedding {
        try model.check(.embed)
        let format = try model.embeddingFormat
        let text = try format.text(of: prompt, parameters.prompt)
        let limit = min(lengthLimit, format.maxTokens ?? lengthLimit)
        let tokens = try model.tokens(
            of: text.prompt, cutTo: try Engine.cut(parameters.truncatePromptTokens, to: limit))
        if let most = format.maxTokens, tokens.count > most {
            throw LLMGenError(
                code: .contextLengthExceeded,
                message: "the prompt has \(tokens.count) tokens, and the model's vectors are made of at most \(most)"
                    + " (max_seq_length); shorten it, or set truncate_prompt_tokens", field: "prompt")
        }
        let skipped = format.includesPrompt ? 0 : try model.promptLength(text.before)
        guard skipped < tokens.count else {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "the prompt's \(tokens.count) tokens are all of what is put before it, which the model leaves out of"
                    + " its vectors; give a longer text")
        }
        let request = PoolingRequest(
            prompt: tokens, pooling: parameters.pooling ?? format.pooling, skipped: skipped, options: options)
        return PreparedEmbedding(
            request: try checked(request), projection: format.projection,
            dimensions: try parameters.dimensions.map { count throws(LLMGenError) in try format.checked(count) },
            normalizes: parameters.normalize ?? format.normalizes)
    }

    /// The vectors of prepared texts, in their order, computed together. - Throws: as ``embed(_:_:_:)``.
    public func embed(_ prepared: [PreparedEmbedding]) async throws -> [EmbeddingOutput] {
        let outputs = try await Engine.replies(of: submit(prepared.map { .success($0.request) }))
        return zip(prepared, outputs).map { prepared, output in
            EmbeddingOutput(embedding: prepared.vector(output.vector), usage: output.usage)
        }
    }

    /// Tokens that `truncate_prompt_tokens` leaves of a text at most; nil where it is not set.
    static func cut(_ count: Int?, to limit: Int) throws(LLMGenError) -> Int? {
        guard let count else { return nil }
        guard count == -1 || (1...limit).contains(count) else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "truncate_prompt_tokens is \(count); it must be from 1 to \(limit), or -1 for as many as fit",
                field: "truncate_prompt_tokens")
        }
        return count == -1 ? limit : count
    }
}

import LLMScheduling

extension Engine {
    /// One vector a prompt, in the prompts' order: the model's hidden states after its last norm, pooled.
    ///
    /// A prompt is scheduled like a request that generates, and may have all of ``maxModelLength`` tokens. Its vector is
    /// the same bits whatever else the engine computes. The prefix cache is not read. An input at fault ends all:
    /// nothing is computed where a prompt is empty, too long or not in the vocabulary.
    ///
    /// - Parameters:
    ///   - normalize: whether vectors are scaled to length 1, by the square root of the float64 sum of their squares in
    ///     the order of their elements; zeros stay zeros.
    ///   - options: of each prompt; logits processors have nothing to do.
    /// - Throws: ``LLMGenError``: that of the first prompt at fault, a queue that has no room for all, a timeout, an
    ///   abort, hidden states that are no numbers; or `CancellationError` where the task is cancelled. The others are
    ///   ended, and their blocks free within a step.
    public func embed(
        _ prompts: [Prompt], pooling: Pooling = .mean, normalize: Bool = true,
        _ options: RequestOptions = RequestOptions()
    ) async throws -> [EmbeddingOutput] {
        let arrival = ContinuousClock.now
        var requests: [EmbeddingRequest] = []
        var streams: [AsyncThrowingStream<EmbeddingOutput, any Error>] = []
        for prompt in prompts {
            let (stream, sink) = AsyncThrowingStream.makeStream(of: EmbeddingOutput.self)
            let request = EmbeddingRequest(
                id: ids.next(), prompt: try tokens(of: prompt), pooling: pooling, normalize: normalize,
                options: options, sink: sink, arrival: arrival)
            try check(SequenceRequest(request, since: arrival))
            requests.append(request)
            streams.append(stream)
        }
        for request in requests {
            request.sink.onTermination = { [inbox] reason in
                if case .cancelled = reason { inbox.post(.abort(request.id)) }
            }
        }
        watch.began()
        inbox.post(.embed(requests))
        return try await withThrowingTaskGroup(of: (Int, EmbeddingOutput).self) { group in
            for (index, stream) in streams.enumerated() {
                group.addTask {
                    for try await output in stream { return (index, output) }
                    throw CancellationError()
                }
            }
            var outputs = [EmbeddingOutput?](repeating: nil, count: streams.count)
            for try await (index, output) in group { outputs[index] = output }
            return outputs.compactMap(\.self)
        }
    }
}

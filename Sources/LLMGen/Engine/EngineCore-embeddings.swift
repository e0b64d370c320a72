import LLMScheduling
import LLMTensor

/// How texts become vectors.
extension EngineCore {
    /// Admits an embedding, or ends it with the reason why not.
    mutating func add(_ request: EmbeddingRequest) {
        let state = EmbeddingState(request)
        guard admit(SequenceRequest(request, since: start), request.options, { state.fail($0) }) else { return }
        embeddings[request.id] = state
    }

    /// Takes the hidden states of a sequence's rows that wanted them.
    mutating func take(_ states: Matrix, _ sequence: ScheduledSequence) {
        let first = sequence.positions.lowerBound + sequence.promptStates.lowerBound - sequence.rows.lowerBound
        embeddings[sequence.id]?.append(states, at: first)
    }

    /// Ends an embedding: with its vector where all is computed, else with an error.
    mutating func end(_ state: EmbeddingState, _ reason: FinishReason) {
        let id = state.request.id
        var output: EmbeddingOutput?
        if reason == .stop {
            do throws(LLMGenError) {
                output = try state.output()
            } catch {
                return fail(id, error)
            }
        }
        scheduler.finish(id, reason: reason)
        owners[id] = nil
        embeddings[id] = nil
        let now = ContinuousClock.now
        tell(.finished(reason), id, state.request.options, at: now)
        if output != nil { watch.metrics.computed(promptTokens: state.request.prompt.count) }
        watch.metrics.finished(
            reason, queueSeconds: state.queueSeconds(at: now),
            prefillSeconds: output == nil ? nil : state.prefillSeconds(at: now), decodeSeconds: nil,
            totalSeconds: (now - state.request.arrival).seconds, promptTokens: state.request.prompt.count,
            generationTokens: 0)
        if let output { state.finish(output) } else { state.fail(LLMGenError(unfinished: state.request, reason)) }
    }
}

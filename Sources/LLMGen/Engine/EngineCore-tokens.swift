import LLMSampling
import LLMScheduling

/// From rows of logits to tokens, and from tokens to text.
extension EngineCore {
    /// What a step's rows came to: a token for each sequence that goes on, and what branches off them.
    struct Drawn {
        var tokens: [SequenceID: SampledToken] = [:]
        var branches: [SequenceID: [Branch]] = [:]
    }

    /// What is wanted of the rows of a sequence that have logits; nil for a row whose request has ended.
    func tasks(_ sequence: ScheduledSequence) -> [RowSamplers.Task?] {
        guard let owner = owners[sequence.id] else { return sequence.logitRows.map { _ in nil } }
        if let search = searches[owner]?.search {
            return sequence.logitRows.map { _ in .mostProbable(search.candidateCount) }
        }
        guard let state = requests[owner] else { return sequence.logitRows.map { _ in nil } }
        let prompt = state.request.prompt
        var tasks: [RowSamplers.Task?] = sequence.promptLogits.map { row in
            let position = sequence.positions.lowerBound + row - sequence.rows.lowerBound
            return .logprobs(of: prompt[position + 1], top: state.request.sampling.promptLogprobs ?? 0)
        }
        if sequence.needsLogits {
            let samples = sequence.outputIndex == 0 ? state.samples[...] : [state.samples[sample(sequence.id, owner)]]
            tasks.append(
                .sample(
                    samples.map {
                        RowSamplers.Sample(
                            parameters: $0.sampling, history: $0.history,
                            processors: state.request.options.logitsProcessors)
                    }))
        }
        return tasks
    }

    /// Hands out what came of the rows. A row that cannot be sampled ends its request alone.
    mutating func settle(
        _ batch: ScheduledBatch, _ outcomes: [Result<RowSamplers.Outcome, SamplingError>?]
    ) -> Drawn {
        var drawn = Drawn()
        var candidates: [SequenceID: [TokenLogprob]] = [:]
        var outcome = outcomes.makeIterator()
        for sequence in batch.sequences {
            for row in sequence.logitRows {
                guard let result = outcome.next() ?? nil, let owner = owners[sequence.id] else { continue }
                let position = sequence.positions.lowerBound + row - sequence.rows.lowerBound
                switch result {
                case .failure(let error): fail(owner, LLMGenError(error))
                case .success(.logprobs(let logprobs)):
                    requests[owner]?.appendPromptLogprobs(logprobs, after: position)
                case .success(.mostProbable(let tokens)): candidates[sequence.id] = tokens
                case .success(.tokens(let tokens)): take(tokens, sequence.id, owner, &drawn)
                }
            }
        }
        advanceSearches(candidates, &drawn)
        return drawn
    }

    /// The tokens of one sequence: its own, and after a prompt those of the samples that branch off it.
    private mutating func take(
        _ tokens: [SampledToken], _ id: SequenceID, _ owner: SequenceID, _ drawn: inout Drawn
    ) {
        drawn.tokens[id] = tokens[0]
        for (index, token) in tokens.enumerated().dropFirst() {
            let sequence = SequenceID(owner.value + UInt64(index))
            drawn.tokens[sequence] = token
            drawn.branches[id, default: []].append(Branch(id: sequence, token: token.id))
            owners[sequence] = owner
        }
    }

    /// Beams go on together: where one of a search has no candidates in this step, the others wait for it.
    private mutating func advanceSearches(_ candidates: [SequenceID: [TokenLogprob]], _ drawn: inout Drawn) {
        for owner in Set(candidates.keys.compactMap { owners[$0] }).sorted(by: { $0.value < $1.value }) {
            guard var state = searches[owner],
                state.search.beams.allSatisfy({ candidates[$0.sequence] != nil })
            else { continue }
            let step = state.search.advance(candidates) { ids.next() }
            searches[owner] = state
            if state.search.beams.isEmpty {
                end(state, .stop)
                continue
            }
            for id in step.dropped {
                scheduler.finish(id, reason: .stop)
                owners[id] = nil
            }
            for (id, token) in step.tokens { drawn.tokens[id] = SampledToken(id: token) }
            for (id, branches) in step.branches {
                drawn.branches[id] = branches
                for branch in branches { owners[branch.id] = owner }
            }
        }
    }

    /// Takes what the scheduler says of the step.
    mutating func take(
        _ event: SchedulerEvent, _ tokens: [SequenceID: SampledToken], at now: ContinuousClock.Instant
    ) {
        switch event {
        case .token(let id, _, let index):
            guard let owner = owners[id], requests[owner] != nil, let token = tokens[id] else { return }
            let sample = sample(id, owner)
            let gap = requests[owner]?.append(token, to: sample, at: now)
            count(gap ?? nil, owner, isFirst: index == 0 && sample == 0, at: now)
            // A sequence that has ended with this token has its event next, and its last piece there.
            guard scheduler.sequence(id) != nil else { return }
            if let reason = requests[owner]?.samples[sample].stopReason {
                scheduler.finish(id, reason: reason).map { end($0, withToken: true, at: now) }
            } else {
                requests[owner]?.flush(sample, at: now)
            }
        case .finished(let finished):
            guard let owner = owners[finished.id] else { return }
            if let search = searches[owner] {
                // All beams are of one length, so the first to reach it speaks for all.
                end(search, finished.reason)
            } else if let embedding = embeddings[owner] {
                end(embedding, finished.reason)
            } else {
                end(finished, withToken: true, at: now)
            }
        }
    }

    private func count(_ gap: Int64?, _ owner: SequenceID, isFirst: Bool, at now: ContinuousClock.Instant) {
        guard let state = requests[owner] else { return }
        if isFirst {
            watch.metrics.firstToken(
                nanosecondsSinceArrival: (now - state.request.arrival).nanoseconds,
                promptTokens: state.request.prompt.count, cachedTokens: state.cachedTokens)
        } else {
            watch.metrics.token(gapNanoseconds: gap)
        }
    }
}

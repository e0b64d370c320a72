import LLMScheduling

/// How requests come and go.
extension EngineCore {
    /// Admits a request, or ends it with the reason why not.
    mutating func add(_ request: EngineRequest) {
        let state = RequestState(request, tokenizer: tokenizer)
        guard admit(SequenceRequest(request, since: start), request.options, { state.fail($0) }) else { return }
        requests[request.id] = state
    }

    /// Admits a beam search, or ends it with the reason why not.
    mutating func add(_ request: BeamSearchRequest) {
        let state = BeamSearchState(request, eosTokens: eosTokens)
        guard admit(SequenceRequest(request, since: start), request.options, { state.fail($0) }) else { return }
        searches[request.id] = state
    }

    /// Puts a sequence in line, or tells `fail` why not; returns whether it is in line.
    mutating func admit(
        _ request: SequenceRequest, _ options: RequestOptions, _ fail: (LLMGenError) -> Void
    ) -> Bool {
        do throws(AdmissionError) {
            guard acceptsRequests else {
                watch.metrics.rejected()
                tell(.refused, request.id, options)
                fail(
                    LLMGenError(
                        code: .draining, message: "the engine finishes its requests and takes no more; try another"))
                return false
            }
            try scheduler.add(request)
            owners[request.id] = request.id
            tell(.admitted, request.id, options)
            return true
        } catch {
            watch.metrics.rejected()
            tell(.refused, request.id, options)
            fail(LLMGenError(error))
            return false
        }
    }

    /// Ends the request whose first sequence is `id`, with what it has; its blocks are free at once.
    mutating func abort(_ id: SequenceID) {
        if let search = searches[id] { return end(search, .abort) }
        if let embedding = embeddings[id] { return end(embedding, .abort) }
        for sequence in requests[id]?.liveSequences ?? [] {
            if let finished = scheduler.abort(sequence) {
                end(finished, withToken: false, at: .now)
            } else {
                // A sample whose prompt is not computed yet has no sequence of its own.
                endUnborn(sequence, of: id, .abort)
            }
        }
    }

    /// Ends the requests of that name.
    mutating func abort(named name: String) {
        for id in live where options(of: id)?.name == name { abort(id) }
    }

    /// Ends every request with what it has.
    mutating func abortAll() { for id in live { abort(id) } }

    private var live: [SequenceID] {
        (Array(requests.keys) + Array(searches.keys) + Array(embeddings.keys)).sorted { $0.value < $1.value }
    }

    /// Fails every request.
    mutating func failAll(_ error: LLMGenError) {
        scheduler.abortAll()
        for state in requests.values { state.fail(error) }
        for state in searches.values { state.fail(error) }
        for state in embeddings.values { state.fail(error) }
        requests = [:]
        searches = [:]
        embeddings = [:]
        owners = [:]
    }

    /// Ends the requests whose time has come.
    mutating func expire() {
        let now = ContinuousClock.now
        for finished in scheduler.expire(at: (now - start).nanoseconds) {
            guard let owner = owners[finished.id] else { continue }
            if let search = searches[owner] {
                end(search, .timeout)
            } else if let embedding = embeddings[owner] {
                end(embedding, .timeout)
            } else {
                end(finished, withToken: false, at: now)
            }
        }
    }

    /// Seconds until the next deadline of a live request; negative where it has passed, nil where there is none.
    var secondsToDeadline: Double? {
        scheduler.nextDeadline.map { Double($0 - (ContinuousClock.now - start).nanoseconds) * 1e-9 }
    }

    // MARK: Ends

    /// Ends the sample whose sequence has ended.
    mutating func end(_ finished: FinishedSequence, withToken: Bool, at now: ContinuousClock.Instant) {
        guard let owner = owners.removeValue(forKey: finished.id) else { return }
        let index = sample(finished.id, owner)
        finish(index, of: owner, finished.reason, withToken, preemptions: finished.preemptionCount, at: now)
        // Of samples that had not branched off yet there is nothing to wait for.
        guard finished.output.isEmpty, let state = requests[owner] else { return }
        for sequence in state.liveSequences where owners[sequence] == nil {
            endUnborn(sequence, of: owner, finished.reason)
        }
    }

    private mutating func endUnborn(_ sequence: SequenceID, of owner: SequenceID, _ reason: FinishReason) {
        guard requests[owner]?.liveSequences.contains(sequence) == true else { return }
        finish(sample(sequence, owner), of: owner, reason, false, preemptions: 0, at: .now)
    }

    private mutating func finish(
        _ index: Int, of owner: SequenceID, _ reason: FinishReason, _ withToken: Bool, preemptions: Int,
        at now: ContinuousClock.Instant
    ) {
        requests[owner]?.finish(index, reason, withToken: withToken, preemptions: preemptions, at: now)
        guard let state = requests[owner] else { return }
        tell(
            .finished(state.samples[index].finishReason ?? reason), owner, state.request.options, sample: index, at: now
        )
        guard state.isFinished else { return }
        requests[owner] = nil
        let times = state.timings(at: now)
        let hasToken = state.samples.contains { $0.firstToken != nil }
        watch.metrics.finished(
            state.samples[0].finishReason ?? reason, queueSeconds: times.queueSeconds,
            prefillSeconds: hasToken ? times.prefillSeconds : nil, decodeSeconds: hasToken ? times.decodeSeconds : nil,
            totalSeconds: times.totalSeconds, promptTokens: state.request.prompt.count,
            generationTokens: state.samples.reduce(0) { $0 + $1.history.output.count })
    }

    /// Ends a request with an error of its own; its blocks are free at once.
    mutating func fail(_ owner: SequenceID, _ error: LLMGenError) {
        for (sequence, of) in owners where of == owner {
            scheduler.finish(sequence, reason: .error)
            owners[sequence] = nil
        }
        tell(.failed, owner, options(of: owner))
        requests.removeValue(forKey: owner)?.fail(error)
        searches.removeValue(forKey: owner)?.fail(error)
        embeddings.removeValue(forKey: owner)?.fail(error)
    }

    /// Ends a beam search with what it has found.
    mutating func end(_ state: BeamSearchState, _ reason: FinishReason) {
        let owner = state.request.id
        for (sequence, of) in owners where of == owner {
            scheduler.finish(sequence, reason: reason)
            owners[sequence] = nil
        }
        searches[owner] = nil
        let now = ContinuousClock.now
        tell(.finished(reason), owner, state.request.options, at: now)
        watch.metrics.finished(
            reason, queueSeconds: state.queueSeconds(at: now), prefillSeconds: nil, decodeSeconds: nil,
            totalSeconds: (now - state.request.arrival).seconds, promptTokens: state.request.prompt.count,
            generationTokens: state.search.beams.first?.tokens.count ?? 0)
        state.finish(reason, tokenizer: tokenizer, eosTokens: eosTokens)
    }
}

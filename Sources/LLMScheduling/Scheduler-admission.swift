extension Scheduler {
    /// Puts a request in line, or refuses it with the numbers. What is admitted can be computed to its end by this pool,
    /// whatever else is in the line. O(log waiting + waiting moved).
    public mutating func add(_ request: SequenceRequest) throws(AdmissionError) {
        guard ranks[request.id] == nil else { throw .duplicateID(request.id) }
        let lengthLimit = try options.lengthLimit(of: request)
        try checkQueue(adding: request)
        let priority = options.policy == .priority ? request.priority : 0
        let state = SequenceState(
            request, rank: Rank(priority: priority, arrival: nextArrival, branch: 0), lengthLimit: lengthLimit)
        nextArrival += 1
        register(state)
        waitingTokens += state.tokens.count
        waiting.insert(state, at: waiting.insertionIndex(of: state.rank))
    }

    /// Refuses a request where more would wait than may. Those that there are places for do not count: they start with
    /// the next steps.
    private func checkQueue(adding request: SequenceRequest) throws(AdmissionError) {
        guard options.maxQueuedRequests != nil || options.maxQueuedTokens != nil else { return }
        let places = max(0, mostPlaces - runningPlaces)
        guard waiting.count >= places else { return }
        let queued = waiting.count - places + 1
        let queuedTokens = waiting.prefix(places).reduce(waitingTokens + request.prompt.count) { $0 - $1.tokens.count }
        if let most = options.maxQueuedRequests, queued > most {
            throw .queueFull(
                "max-queued-requests is \(most), and \(queued - 1) wait",
                retryAfter: timeToCompute(waiting.first?.tokens.count ?? 0))
        }
        if let most = options.maxQueuedTokens, queuedTokens > most {
            throw .queueFull(
                "max-queued-tokens is \(most), and \(queuedTokens - request.prompt.count) wait before the request's"
                    + " \(request.prompt.count)",
                retryAfter: timeToCompute(min(queuedTokens - most, waitingTokens)))
        }
    }

    /// An estimate of the nanoseconds until so many waiting tokens are computed: at the pace of the last steps, after a
    /// running sequence has ended where none of them can start before.
    private func timeToCompute(_ tokens: Int) -> Int64 {
        let pace = cost.nanosecondsPerRow ?? 0
        let step = cost.predicted(work) ?? 0
        let wait = runningPlaces < mostPlaces ? 0 : running.map(\.remainingCount).min() ?? 0
        return Int64(min(pace * Double(tokens) + step * Double(wait), 3.6e12))
    }
}

extension SchedulerOptions {
    /// The known tokens at which the request's sequence ends; a refusal where these limits cannot hold it.
    public func lengthLimit(of request: SequenceRequest) throws(AdmissionError) -> Int {
        let promptCount = request.prompt.count
        guard promptCount > 0 else { throw .emptyPrompt() }
        guard request.promptStates == nil else { return try lengthLimit(ofPromptAlone: promptCount) }
        guard promptCount < maxModelLength else {
            throw .promptTooLong(promptCount, limit: maxModelLength)
        }
        if let maxTokens = request.maxTokens {
            guard maxTokens >= 1 else { throw .maxTokensOutOfRange(maxTokens) }
            guard maxTokens <= maxModelLength - promptCount else {
                throw .sequenceTooLong(promptCount, maxTokens: maxTokens, limit: maxModelLength)
            }
        }
        let shortest = promptCount + (request.maxTokens ?? 1)
        guard blocks(covering: shortest) <= blockCount else {
            throw .neverFits(promptCount, maxTokens: request.maxTokens, options: self)
        }
        let places = min(maxNumSeqs, maxNumBatchedTokens)
        guard (1...places).contains(request.width) else { throw .tooWide(request.width, limit: places) }
        if request.runsTogether {
            let shared = promptCount / blockSize
            // One more for the block that the first of them to write still reads from.
            let needed = shared + request.width * (blocks(covering: shortest) - shared) + 1
            guard needed <= blockCount else {
                throw .neverFitsTogether(request.width, needed: needed, options: self)
            }
        }
        let limit = request.maxTokens.map { promptCount + $0 } ?? maxSequenceLength
        guard (0...limit - promptCount).contains(request.minTokens) else {
            throw .minTokensOutOfRange(request.minTokens, limit: limit - promptCount)
        }
        return limit
    }

    /// The same of a request that generates nothing.
    private func lengthLimit(ofPromptAlone promptCount: Int) throws(AdmissionError) -> Int {
        guard promptCount <= maxModelLength else {
            throw .promptAloneTooLong(promptCount, limit: maxModelLength)
        }
        guard blocks(covering: promptCount) <= blockCount else {
            throw .promptAloneNeverFits(promptCount, options: self)
        }
        return promptCount
    }
}

extension AdmissionError {
    fileprivate static func duplicateID(_ id: SequenceID) -> Self {
        Self(
            code: .duplicateID,
            message: "sequence \(id) is live already; give each live sequence an id of its own")
    }

    fileprivate static func emptyPrompt() -> Self {
        Self(
            code: .emptyPrompt,
            message: "the prompt has 0 tokens; it needs at least 1 token")
    }

    fileprivate static func promptTooLong(_ promptCount: Int, limit: Int) -> Self {
        Self(
            code: .promptTooLong,
            message: "the prompt has \(promptCount) tokens, and max-model-len \(limit) leaves room for"
                + " \(limit - 1) and one to generate; shorten the prompt or raise max-model-len")
    }

    fileprivate static func promptAloneTooLong(_ promptCount: Int, limit: Int) -> Self {
        Self(
            code: .promptTooLong,
            message: "the prompt has \(promptCount) tokens, and max-model-len is \(limit); shorten the prompt or raise"
                + " max-model-len")
    }

    fileprivate static func maxTokensOutOfRange(_ maxTokens: Int) -> Self {
        Self(
            code: .maxTokensOutOfRange,
            message: "max_tokens is \(maxTokens); it must be at least 1")
    }

    fileprivate static func minTokensOutOfRange(_ minTokens: Int, limit: Int) -> Self {
        Self(
            code: .minTokensOutOfRange,
            message: "min_tokens is \(minTokens); it must be from 0 to \(limit), the most this request can generate")
    }

    fileprivate static func sequenceTooLong(_ promptCount: Int, maxTokens: Int, limit: Int) -> Self {
        Self(
            code: .sequenceTooLong,
            message: "max_tokens is \(maxTokens) after a prompt of \(promptCount) tokens, and max-model-len is"
                + " \(limit); ask for at most \(limit - promptCount), or leave max_tokens out")
    }

    fileprivate static func tooWide(_ width: Int, limit: Int) -> Self {
        Self(
            code: .neverFits,
            message: "the request becomes \(width) sequences; it must be 1 to \(limit), the lesser of max-num-seqs and"
                + " max-num-batched-tokens")
    }

    fileprivate static func neverFitsTogether(_ width: Int, needed: Int, options: SchedulerOptions) -> Self {
        Self(
            code: .neverFits,
            message: "\(width) sequences that run together need \(needed) blocks of \(options.blockSize) tokens, and"
                + " there are \(options.blockCount); ask for fewer sequences or tokens, or give the KV cache more memory"
        )
    }

    fileprivate static func queueFull(_ limit: String, retryAfter nanoseconds: Int64) -> Self {
        let seconds = max(1, (nanoseconds + 999_999_999) / 1_000_000_000)
        return Self(
            code: .queueFull,
            message: "the queue is full: \(limit); try again in about \(seconds) s",
            retryAfterNanoseconds: nanoseconds)
    }

    fileprivate static func promptAloneNeverFits(_ promptCount: Int, options: SchedulerOptions) -> Self {
        Self(
            code: .neverFits,
            message: "a prompt of \(promptCount) tokens needs \(options.blocks(covering: promptCount)) blocks of"
                + " \(options.blockSize) tokens, and there are \(options.blockCount); shorten the prompt to"
                + " \(options.blockCount * options.blockSize) tokens, or give the KV cache more memory")
    }

    fileprivate static func neverFits(_ promptCount: Int, maxTokens: Int?, options: SchedulerOptions) -> Self {
        let needed = options.blocks(covering: promptCount + (maxTokens ?? 1))
        let output = maxTokens.map { "max_tokens \($0)" } ?? "at least 1 token to generate"
        return Self(
            code: .neverFits,
            message: "a prompt of \(promptCount) tokens and \(output) need \(needed) blocks of \(options.blockSize)"
                + " tokens, and there are \(options.blockCount); ask for at most \(options.blockCount * options.blockSize) tokens in all,"
                + " or give the KV cache more memory")
    }
}

extension Scheduler {
    /// Puts a request at the end of the line, or refuses it with the numbers. What is admitted can be computed to
    /// its end by this pool, whatever else is in the line.
    public mutating func add(_ request: SequenceRequest) throws(AdmissionError) {
        guard ranks[request.id] == nil else { throw .duplicateID(request.id) }
        let lengthLimit = try options.lengthLimit(of: request)
        let rank = Rank(arrival: nextArrival)
        nextArrival += 1
        ranks[request.id] = rank
        waiting.append(SequenceState(request, rank: rank, lengthLimit: lengthLimit))
        totals.admitted += 1
    }
}

extension SchedulerOptions {
    /// The known tokens at which the request's sequence ends; a refusal where these limits cannot hold it.
    public func lengthLimit(of request: SequenceRequest) throws(AdmissionError) -> Int {
        let promptCount = request.prompt.count
        guard promptCount > 0 else { throw .emptyPrompt() }
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
        let limit = request.maxTokens.map { promptCount + $0 } ?? maxSequenceLength
        guard (0...limit - promptCount).contains(request.minTokens) else {
            throw .minTokensOutOfRange(request.minTokens, limit: limit - promptCount)
        }
        return limit
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
            message: "the prompt has 0 tokens; it needs at least 1 token to continue")
    }

    fileprivate static func promptTooLong(_ promptCount: Int, limit: Int) -> Self {
        Self(
            code: .promptTooLong,
            message: "the prompt has \(promptCount) tokens, and max-model-len \(limit) leaves room for"
                + " \(limit - 1) and one to generate; shorten the prompt or raise max-model-len")
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

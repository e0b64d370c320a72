/// The texts of refusals. Clients know a prompt without room by words of two of them, "prompt is too long" and "this
/// model's maximum context length is": LangChain and LiteLLM make classes of their own of them.
extension AdmissionError {
    static func duplicateID(_ id: SequenceID) -> Self {
        Self(
            code: .duplicateID,
            message: "sequence \(id) is live already; give each live sequence an id of its own")
    }

    static func emptyPrompt() -> Self {
        Self(
            code: .emptyPrompt,
            message: "the prompt has 0 tokens; it needs at least 1 token")
    }

    /// The other remedy, where the model could do with more than the limit.
    private static func raising(_ limit: Int, _ longest: Int) -> String {
        limit < longest ? " or raise max-model-len, up to \(longest)" : ""
    }

    static func promptTooLong(_ promptCount: Int, limit: Int, longest: Int) -> Self {
        Self(
            code: .promptTooLong,
            message: "the prompt is too long: it has \(promptCount) tokens, and this model's maximum context length is"
                + " \(limit) tokens, which leaves room for \(limit - 1) and one to generate; shorten the prompt\(raising(limit, longest))"
        )
    }

    static func promptAloneTooLong(_ promptCount: Int, limit: Int, longest: Int) -> Self {
        Self(
            code: .promptTooLong,
            message: "the prompt is too long: it has \(promptCount) tokens, and this model's maximum context length is"
                + " \(limit) tokens; shorten the prompt\(raising(limit, longest))")
    }

    static func maxTokensOutOfRange(_ maxTokens: Int) -> Self {
        Self(
            code: .maxTokensOutOfRange,
            message: "max_tokens is \(maxTokens); it must be at least 1")
    }

    static func minTokensOutOfRange(_ minTokens: Int, limit: Int) -> Self {
        Self(
            code: .minTokensOutOfRange,
            message: "min_tokens is \(minTokens); it must be from 0 to \(limit), the most this request can generate")
    }

    static func sequenceTooLong(_ promptCount: Int, maxTokens: Int, limit: Int) -> Self {
        Self(
            code: .sequenceTooLong,
            message:
                "max_tokens is \(maxTokens) after a prompt of \(promptCount) tokens, and this model's maximum context"
                + " length is \(limit) tokens; ask for at most \(limit - promptCount), or leave max_tokens out")
    }

    static func tooWide(_ width: Int, limit: Int) -> Self {
        Self(
            code: .neverFits,
            message: "the request becomes \(width) sequences; it must be 1 to \(limit), the lesser of max-num-seqs and"
                + " max-num-batched-tokens")
    }

    static func neverFitsTogether(
        _ width: Int, needed: Int, of group: CacheGroup, options: SchedulerOptions
    ) -> Self {
        Self(
            code: .neverFits,
            message: "\(width) sequences that run together need \(needed) blocks of \(options.blockSize) tokens, and"
                + " there are \(options.described(group)); ask for fewer sequences or tokens, or give the KV cache more"
                + " memory")
    }

    static func neverFitsTogether(_ width: Int, needed: Int, options: SchedulerOptions) -> Self {
        Self(
            code: .neverFits,
            message: "\(width) sequences that run together need \(needed) slots for the states of recurrent layers, and"
                + " there are \(options.stateSlots); ask for fewer sequences, or give the KV cache more memory")
    }

    static func queueFull(_ limit: String, retryAfter nanoseconds: Int64) -> Self {
        let seconds = max(1, (nanoseconds + 999_999_999) / 1_000_000_000)
        return Self(
            code: .queueFull,
            message: "the queue is full: \(limit); try again in about \(seconds) s",
            retryAfterNanoseconds: nanoseconds)
    }

    static func promptAloneNeverFits(
        _ promptCount: Int, in group: CacheGroup, options: SchedulerOptions
    ) -> Self {
        Self(
            code: .neverFits,
            message: "a prompt of \(promptCount) tokens needs \(options.blocksNeeded(promptCount, group)) blocks of"
                + " \(options.blockSize) tokens, and there are \(options.described(group)); shorten the prompt to"
                + " \(options.poolCapacity) tokens, or give the KV cache more memory")
    }

    static func neverFits(
        _ promptCount: Int, maxTokens: Int?, in group: CacheGroup, options: SchedulerOptions
    ) -> Self {
        let needed = options.blocksNeeded(promptCount + (maxTokens ?? 1), group)
        let output = maxTokens.map { "max_tokens \($0)" } ?? "at least 1 token to generate"
        return Self(
            code: .neverFits,
            message: "a prompt of \(promptCount) tokens and \(output) need \(needed) blocks of \(options.blockSize)"
                + " tokens, and there are \(options.described(group)); ask for at most \(options.poolCapacity) tokens in"
                + " all, or give the KV cache more memory")
    }
}

extension SchedulerOptions {
    /// How many blocks a group has, and where there are several groups which it is.
    fileprivate func described(_ group: CacheGroup) -> String {
        guard groups.count > 1 else { return "\(group.blockCount)" }
        let kind = group.window.map { "with a window of \($0)" } ?? "with full attention"
        return "\(group.blockCount) for the layers \(kind)"
    }
}

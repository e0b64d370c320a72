/// What a scheduler has done since its start.
///
/// No token is computed without a reason: computed + cached + branched tokens are those that ended sequences had
/// computed, those that live ones have, those discarded, and those rejected.
public struct SchedulerTotals: Hashable, Sendable {
    /// Sequences admitted, branches included.
    public internal(set) var admitted = 0
    /// Sequences ended, for whatever reason.
    public internal(set) var finished = 0
    /// Times a sequence lost its blocks to a more important one.
    public internal(set) var preemptions = 0
    /// Tokens computed, those computed again and those of drafts included.
    public internal(set) var computedTokens = 0
    /// Those computed again, after a preemption.
    public internal(set) var recomputedTokens = 0
    /// Tokens of drafts that were computed.
    public internal(set) var draftedTokens = 0
    /// Those of them that were not accepted.
    public internal(set) var rejectedTokens = 0
    /// Tokens found in the prefix cache and not computed, whenever a sequence began or began again.
    public internal(set) var cachedTokens = 0
    /// Tokens that branches took over from the sequence they branched off.
    public internal(set) var branchedTokens = 0
    /// Computed tokens that preemption threw away. Those still cached when the sequence runs again are not computed
    /// again.
    public internal(set) var discardedTokens = 0
    /// Tokens that ended sequences had computed when they ended.
    public internal(set) var retiredTokens = 0
    /// Prompt tokens looked up in the prefix cache, by sequences that ran for the first time.
    public internal(set) var prefixQueryTokens = 0
    /// Those of them that were there.
    public internal(set) var prefixHitTokens = 0
    /// Steps committed.
    public internal(set) var steps = 0
    /// Steps in which a sequence had to wait longer for its next token than `SchedulerOptions.targetITL`.
    public internal(set) var stepsOverTarget = 0
}

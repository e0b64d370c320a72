extension Scheduler {
    /// Drafts what a running sequence that continues its output may go on with: the next step computes these tokens with
    /// the last known one, and `commit` accepts those that turn out right.
    ///
    /// It replaces an earlier draft, and holds until a commit has a token for the sequence or the sequence is preempted. The
    /// step takes as much of it as its length limit, the step's budget and the free blocks allow without costing another
    /// sequence its token. Ignored where no such sequence has the id, while a step that has it is in flight, or where the
    /// model has states: unlike keys and values they cannot be taken back. O(draft + log running).
    public mutating func propose(_ id: SequenceID, _ draft: [TokenID]) {
        guard pools.states == nil, let rank = ranks[id], let index = running.index(of: rank) else { return }
        running[index].propose(draft)
    }
}

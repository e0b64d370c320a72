/// Where a step reads and writes the states that recurrent layers keep of a sequence.
///
/// A slot that one sequence of a step writes is read and written by no other of that step, so that the order in which the
/// sequences are computed makes no difference.
public struct ScheduledStates: Hashable, Sendable {
    /// The states after some of the sequence's rows of the step.
    public struct Write: Hashable, Sendable {
        /// How many of its rows come before, at least one.
        public let rows: Int
        /// The slot that gets them.
        public let slot: StateSlotID
    }

    /// The slot with the states after the computed tokens; nil where there are none, and all states are zero.
    public let source: StateSlotID?
    /// The slots to be written, by rising rows, the last after all rows; that one may be the source.
    public let writes: [Write]

    /// What a sequence's slots are for in the step that computes `positions`; nil for a model without states.
    init?(_ slots: SequenceSlots, _ positions: Range<Int>) {
        guard let written = slots.written else { return nil }
        source = slots.current
        writes =
            slots.borders.map { Write(rows: $0.position - positions.lowerBound, slot: $0.slot) }
            + [Write(rows: positions.count, slot: written)]
    }
}

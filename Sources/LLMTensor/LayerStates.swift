/// Consecutive rows of one sequence that a recurrent layer goes through, from one state to the next.
public struct StateRun: Sendable, Hashable {
    /// Rows of the batch, at least one.
    public let rows: Range<Int>
    /// The slot with the state before the first row; nil for zeros.
    public let source: Int32?
    /// The slot that gets the state after the last row; may be the source.
    public let target: Int32

    /// Rows `rows` of the batch, which begin with the state in `source`.
    public init(rows: Range<Int>, source: Int32?, target: Int32) {
        self.rows = rows
        self.source = source
        self.target = target
    }
}

/// The states of one recurrent layer, and which of them a step reads and writes.
public struct LayerStates: Sendable {
    let slots: StateSlots
    let layer: Int
    /// The runs of each sequence, in order: each reads what the one before has written.
    let sequences: [[StateRun]]

    /// - Precondition: no slot that a sequence writes is one that another reads or writes.
    public init(_ slots: StateSlots, layer: Int, _ sequences: [[StateRun]]) {
        self.slots = slots
        self.layer = layer
        self.sequences = sequences
    }
}

extension Compute {
    /// Calls `body` for each run of each sequence, in order, and each of `parts` parts that the work on a run is divided
    /// into, with where the run begins and ends: the floats of the layer's state from `offset` on, `count` of them. Parts
    /// go to the pool where there is enough to do.
    ///
    /// - Parameters:
    ///   - matrices: whose rows the runs are of.
    ///   - work: of a row, as in operations on so many elements.
    func eachRun(
        _ states: LayerStates, offset: Int, count: Int, parts: Int, of matrices: [Matrix], work: Int,
        _ body: @Sendable (StateRun, _ source: UnsafePointer<Float>?, UnsafeMutablePointer<Float>, _ part: Int) -> Void
    ) {
        precondition(offset >= 0 && offset + count <= states.slots.sizes[states.layer], "a state's part")
        var rows = 0
        for run in states.sequences.joined() {
            precondition(matrices.allSatisfy { run.rows.upperBound <= $0.rows } && !run.rows.isEmpty, "a run's rows")
            rows += run.rows.count
        }
        let pieces = states.sequences.count * parts
        overRows(pieces, elements: rows * work) { range in
            for piece in range {
                let part = piece % parts
                for run in states.sequences[piece / parts] {
                    func state(_ slot: Int32) -> UnsafeMutablePointer<Float> {
                        states.slots.state(Int(slot), layer: states.layer, offset..<offset + count)
                    }
                    body(run, run.source.map { UnsafePointer(state($0)) }, state(run.target), part)
                }
            }
        }
    }
}

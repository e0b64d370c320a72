public import LLMTensor

/// Rows of a batch.
enum BatchRows: Hashable {
    /// Every one.
    case all
    /// Those whose hidden states or logits are wanted.
    case output
}

/// Sees what a linear layer reads: the names of its matrices in the checkpoint, and `[rows, inputs]`, which lasts for the
/// call.
public typealias LinearObserver = (_ tensors: [String], _ inputs: Matrix) -> Void

/// What the blocks of a model share in one step. Made once a step; used by one thread.
final class ForwardContext {
    let batch: ForwardBatch
    let cache: KVCache
    let workspace: Workspace
    let compute: Compute
    let observer: LinearObserver?

    private var plans: [PlanKey: AttentionPlan] = [:]
    private var slots: [Int: [Int]] = [:]  // of each group
    private lazy var stateRuns = batch.stateRuns
    private var angles: [(rotary: Rotary, table: RotaryTable)] = []

    private struct PlanKey: Hashable {
        let group: Int
        let heads: Int
        let rows: BatchRows
    }

    init(
        _ batch: ForwardBatch, _ cache: KVCache, _ workspace: Workspace, on compute: Compute,
        observer: LinearObserver? = nil
    ) {
        self.observer = observer
        self.batch = batch
        self.cache = cache
        self.workspace = workspace
        self.compute = compute
    }

    /// The attention of `heads` query heads of these rows over the pages of a group.
    func plan(_ group: Int, heads: Int, _ rows: BatchRows) -> AttentionPlan {
        let key = PlanKey(group: group, heads: heads, rows: rows)
        if let plan = plans[key] { return plan }
        let sequences = (rows == .all ? batch : batch.outputs).attention(group)
        let kind = cache.layout.groups[group]
        let plan = AttentionPlan(
            sequences, heads: heads, window: kind.window, ahead: kind.ahead, isChunked: kind.isChunked,
            pages: cache.pages[group])
        plans[key] = plan
        return plan
    }

    /// The rows that somebody wants the hidden states of.
    var wantedRows: BatchRows { batch.outputRows.count < batch.tokens.count ? .output : .all }

    /// The same step of the output rows alone.
    func ofOutputRows() -> ForwardContext {
        ForwardContext(batch.outputs, cache, workspace, on: compute, observer: observer)
    }

    /// The angles of all rows.
    func angles(_ rotary: Rotary) -> RotaryTable {
        if let known = angles.first(where: { $0.rotary == rotary }) { return known.table }
        let table = rotary.table(batch.positions)
        angles.append((rotary, table))
        return table
    }

    /// Writes the keys and values of all rows to a layer's pages. Latent pages have no values.
    func cache(_ keys: Matrix, _ values: Matrix?, at slot: CacheSlot) {
        let slots = slots[slot.group] ?? batch.slots(slot.group)
        self.slots[slot.group] = slots
        compute.writePages(
            keys: keys, values: values, slots: slots, pages: cache.pages[slot.group], layer: slot.layer)
    }

    /// Attention of the queries of these rows over a layer's pages.
    func attend(_ queries: Matrix, _ rows: BatchRows, heads: Int, _ scores: AttentionScores, at slot: CacheSlot)
        -> Matrix
    {
        let pages = cache.pages[slot.group]
        let attended = workspace.matrix(rows: queries.rows, columns: heads * pages.shape.entry.valueDim)
        compute.attention(
            queries, plan(slot.group, heads: heads, rows), pages: pages, layer: slot.layer, scores, into: attended)
        return attended
    }

    /// The states of a recurrent layer and what the step does with them.
    func states(_ layer: Int) -> LayerStates {
        guard let slots = cache.states else { preconditionFailure("a cache without states") }
        return LayerStates(slots, layer: layer, stateRuns)
    }

    /// These rows of a matrix that has all of them, copied where they are not all.
    func rows(_ rows: BatchRows, of x: Matrix) -> Matrix {
        guard rows == .output else { return x }
        let copy = workspace.matrix(rows: batch.outputRows.count, columns: x.columns)
        compute.copyRows(x, batch.outputRows, into: copy)
        return copy
    }
}

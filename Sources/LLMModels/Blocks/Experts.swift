import LLMTensor
import LLMWeights

/// Several feed-forward blocks of which each token takes the few that a router chooses (Shazeer et al. 2017).
///
/// Rows are grouped by expert; an expert that no row chose is not computed, and those that few chose are computed together.
/// A row's outputs are summed in rising order of the experts, so that its bits do not depend on what else is in the batch.
struct Experts: FeedForward {
    private let router: Linear  // [experts, hidden]
    private let routing: Routing
    private let experts: [any TwoLayerFeedForward]
    private let shared: (any FeedForward)?  // of all tokens
    private let sharedGate: Linear?  // [1, hidden]
    private let weighsInputs: Bool

    /// - Parameters:
    ///   - shared: an expert that every token takes besides; nil for none.
    ///   - sharedGate: makes the number whose sigmoid the shared expert's output is multiplied by; nil for 1.
    ///   - weighsInputs: whether an expert's weight multiplies what it reads (Llama 4), not what it puts out.
    init(
        router: Linear, _ routing: Routing, experts: [any TwoLayerFeedForward], shared: (any FeedForward)? = nil,
        sharedGate: Linear? = nil, weighsInputs: Bool = false
    ) {
        self.router = router
        self.routing = routing
        self.experts = experts
        self.shared = shared
        self.sharedGate = sharedGate
        self.weighsInputs = weighsInputs
    }

    /// Reads the router `gate` and `experts.N`, matrices of their own each.
    ///
    /// - Parameters:
    ///   - width: of each expert.
    ///   - names: of an expert's matrices.
    init(
        _ block: ModelBuilder, hidden: Int, width: Int, _ routing: Routing,
        names: GatedFeedForward.Names = ("gate_proj", "up_proj", "down_proj"), shared: GatedFeedForward? = nil,
        sharedGate: Linear? = nil
    ) throws {
        self.init(
            router: try block.linear("gate", inputs: hidden, outputs: routing.experts, exact: true), routing,
            experts: try block.layers("experts", routing.experts) { expert, index in
                try GatedFeedForward(
                    expert, hidden: hidden, width: width, names: names, isRead: index < routing.chosen)
            }, shared: shared, sharedGate: sharedGate)
    }

    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let (workspace, compute) = (context.workspace, context.compute)
        let x = norm?(x, context) ?? x
        let scores = router(x, context)
        switch routing.scores {
        case .softmax: compute.softmax(scores)
        case .sigmoid: compute.activate(scores, .sigmoid, gated: false, into: scores)
        }
        var chosenOf = [[(row: Int, weight: Float)]](repeating: [], count: experts.count)
        for (row, chosen) in compute.pool.map(x.rows, { routing(scores.row($0)) }).enumerated() {
            for expert in chosen { chosenOf[expert.index].append((row, expert.weight)) }
        }
        let groups = Experts.groups(chosenOf.map(\.count))
        let chosen = groups.joined().flatMap { chosenOf[$0] }
        let outputs = workspace.matrix(rows: chosen.count, columns: y.columns)
        workspace.scope {
            let input = self.input(x, chosen, of: groups.joined().map { experts[$0] }, context)
            var done = 0
            for group in groups {
                var end = 0
                let blocks = group.map { index in
                    end += chosenOf[index].count
                    return (block: experts[index], rows: end - chosenOf[index].count..<end)
                }
                let rows = done..<done + end
                workspace.scope {
                    observe(blocks, x, Array(chosen[rows]), context)
                    together(blocks, input(rows), into: outputs.rows(rows), context)
                }
                done += end
            }
        }
        var terms = [[(row: Int, weight: Float)]](repeating: [], count: x.rows)
        for (place, term) in chosen.enumerated() { terms[term.row].append((place, weighsInputs ? 1 : term.weight)) }
        let sums = output == .store ? y : workspace.matrix(rows: x.rows, columns: y.columns)
        compute.weightedSum(outputs, terms, into: sums)
        addShared(x, to: sums, context)
        if output == .add { compute.add(sums, to: y) }
    }

    /// What experts read, of some of the rows that they were chosen for. A row is encoded once for all its experts, unless
    /// each weighs it otherwise.
    private func input(
        _ x: Matrix, _ chosen: [(row: Int, weight: Float)], of experts: [any TwoLayerFeedForward],
        _ context: ForwardContext
    ) -> (Range<Int>) -> Activations {
        let (workspace, compute) = (context.workspace, context.compute)
        let weights = experts.map(\.up.weights)
        guard weighsInputs else {
            let all = compute.activations(x, for: weights, in: workspace.sharedInput)
            return { compute.gather(all, chosen[$0].map(\.row), in: workspace.input) }
        }
        let all = compute.activations(rows(x, chosen, context), for: weights, in: workspace.sharedInput)
        return { all.rows($0) }
    }

    /// The rows that experts were chosen for, weighted where these weigh their inputs.
    private func rows(_ x: Matrix, _ chosen: [(row: Int, weight: Float)], _ context: ForwardContext) -> Matrix {
        let own = context.workspace.matrix(rows: chosen.count, columns: x.columns)
        context.compute.copyRows(x, chosen.map(\.row), into: own)
        if weighsInputs { context.compute.scaleRows(own, by: chosen.map(\.weight)) }
        return own
    }

    /// Shows what each of a group's experts reads, where somebody looks.
    private func observe(
        _ blocks: [(block: any TwoLayerFeedForward, rows: Range<Int>)], _ x: Matrix,
        _ chosen: [(row: Int, weight: Float)], _ context: ForwardContext
    ) {
        guard let observer = context.observer else { return }
        let own = rows(x, chosen, context)
        for (block, rows) in blocks { observer(block.up.tensors, own.rows(rows)) }
    }

    /// The experts that rows chose, by groups that are computed together: many where each has few rows, for then it is the
    /// reading of weights that takes time, and few where they have many, whose activations take memory.
    ///
    /// - Parameter rows: of each expert.
    private static func groups(_ rows: [Int]) -> [[Int]] {
        var groups: [[Int]] = []
        var together = 0
        for index in rows.indices where rows[index] > 0 {
            together += rows[index]
            if groups.isEmpty || together > mostTogether {
                groups.append([])
                together = rows[index]
            }
            groups[groups.count - 1].append(index)
        }
        return groups
    }

    /// Rows that the experts of a group have together, unless one of them has more.
    private static let mostTogether = 1024

    private func addShared(_ x: Matrix, to sums: Matrix, _ context: ForwardContext) {
        guard let shared else { return }
        guard let sharedGate else { return shared(x, after: nil, into: sums, .add, context) }
        context.workspace.scope {
            let gates = sharedGate(x, context)
            context.compute.activate(gates, .sigmoid, gated: false, into: gates)
            let output = context.workspace.matrix(rows: x.rows, columns: sums.columns)
            shared(x, after: nil, into: output, .store, context)
            context.compute.scaleRows(output, by: (0..<x.rows).map { gates.row($0)[0] })
            context.compute.add(output, to: sums)
        }
    }
}

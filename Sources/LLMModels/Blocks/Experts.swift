import LLMTensor
import LLMWeights

/// An expert chosen for a token, and what its output is multiplied by.
struct ChosenExpert: Sendable, Hashable {
    let index: Int
    let weight: Float
}

/// Which experts a token goes to, by the router's probabilities of all experts.
typealias Routing = @Sendable (_ probabilities: [Float]) -> [ChosenExpert]

/// Several feed-forward blocks of which each token takes the few that a router chooses (Shazeer et al. 2017).
///
/// Rows are grouped by expert; an expert that no row chose is not computed. A row's outputs are summed in rising order of
/// the experts, so that its bits do not depend on what else is in the batch.
struct Experts: FeedForward {
    private let router: Linear  // [experts, hidden]
    private let experts: [GatedFeedForward]
    private let shared: GatedFeedForward?  // of all tokens
    private let route: Routing

    init(router: Linear, experts: [GatedFeedForward], shared: GatedFeedForward? = nil, route: @escaping Routing) {
        self.router = router
        self.experts = experts
        self.shared = shared
        self.route = route
    }

    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let (workspace, compute) = (context.workspace, context.compute)
        let x = norm?(x, context) ?? x
        let probabilities = router(x, context)
        compute.softmax(probabilities)
        var rowsOf = [[Int]](repeating: [], count: experts.count)
        var terms = [[(row: Int, weight: Float)]](repeating: [], count: x.rows)
        let choices = (0..<x.rows).map { row in
            route(probabilities.row(row)).sorted { $0.index < $1.index }
        }
        for (row, chosen) in choices.enumerated() {
            for expert in chosen { rowsOf[expert.index].append(row) }
        }
        let outputs = workspace.matrix(rows: rowsOf.reduce(0) { $0 + $1.count }, columns: y.columns)
        var done = 0
        for (index, rows) in rowsOf.enumerated() where !rows.isEmpty {
            workspace.scope {
                let own = workspace.matrix(rows: rows.count, columns: x.columns)
                compute.copyRows(x, rows, into: own)
                experts[index](own, after: nil, into: outputs.rows(done..<done + rows.count), .store, context)
            }
            for (place, row) in rows.enumerated() {
                let weight = choices[row].first { $0.index == index }?.weight ?? 0
                terms[row].append((done + place, weight))
            }
            done += rows.count
        }
        let sums = output == .store ? y : workspace.matrix(rows: x.rows, columns: y.columns)
        compute.weightedSum(outputs, terms, into: sums)
        shared?(x, after: nil, into: sums, .add, context)
        if output == .add { compute.add(sums, to: y) }
    }
}

/// The `count` largest of the probabilities, the lower index first where they are equal.
func mostProbable(_ count: Int, of probabilities: [Float]) -> [ChosenExpert] {
    probabilities.indices
        .sorted { (probabilities[$0], $1) > (probabilities[$1], $0) }
        .prefix(count)
        .map { ChosenExpert(index: $0, weight: probabilities[$0]) }
}

import LLMTensor
import LLMWeights

/// How the matrices of all experts of a layer lie in two tensors.
struct FusedExperts {
    /// Gates and ups, `[experts, 2 * width, hidden]`.
    var gateUp: String
    /// `[experts, hidden, width]`
    var down: String
    /// Whether matrices are stored as inputs by outputs.
    var isTransposed = false
    /// Whether gates and ups take turns, and not all gates come first.
    var isInterleaved = false
    /// The names of biases, `[experts, 2 * width]` and `[experts, hidden]`; nil for none.
    var biases: (gateUp: String, down: String)?

    /// Reads the experts.
    func read(
        _ block: ModelBuilder, hidden: Int, width: Int, _ routing: Routing,
        _ gate: GatedFeedForward.Gate = .activation(.silu)
    ) throws -> [GatedFeedForward] {
        // Files that llama.cpp's converter made have them as outputs by inputs.
        if block.has("\(gateUp).weight"), block.has("\(down).weight") {
            var own = self
            (own.gateUp, own.down, own.isTransposed) = ("\(gateUp).weight", "\(down).weight", false)
            return try own.read(block, hidden: hidden, width: width, routing, gate)
        }
        let gateUps = try tensor(block, gateUp, routing.experts, inputs: hidden, outputs: 2 * width)
        let downs = try tensor(block, down, routing.experts, inputs: width, outputs: hidden)
        let gateUpBiases = try biases.flatMap {
            try block.tensor($0.gateUp, [routing.experts, 2 * width])
        }
        let downBiases = try biases.flatMap { try block.tensor($0.down, [routing.experts, hidden]) }
        // Gates first, then ups.
        let order = { (row: Int) in isInterleaved ? row % width * 2 + row / width : row }
        var experts: [GatedFeedForward] = []
        for index in 0..<routing.experts {
            let isRead = index < routing.chosen
            let both = gateUps.map { matrix($0.element(index)) }
            let ordered = both.map { isInterleaved ? $0.reorderingRows(order) : $0 }
            let gateUpBias = gateUpBiases.map { biases in
                let floats = biases.element(index).floats()
                return floats.indices.map { floats[order($0)] }
            }
            experts.append(
                GatedFeedForward(
                    gateUp: try block.linear(
                        ordered.map { [$0.rows(0..<width), $0.rows(width..<2 * width)] } ?? [], named: gateUp,
                        inputs: hidden, columns: gate.kind == .gated ? width : 2 * width, bias: gateUpBias, gate.kind,
                        isRead: isRead),
                    down: try block.linear(
                        downs.map { [matrix($0.element(index))] } ?? [], named: down, inputs: width, columns: hidden,
                        bias: downBiases.map { $0.element(index).floats() }, isRead: isRead), width: width, gate))
        }
        return experts
    }

    private func tensor(
        _ block: ModelBuilder, _ name: String, _ experts: Int, inputs: Int, outputs: Int
    ) throws(ModelError) -> TensorView? {
        try block.tensor(name, isTransposed ? [experts, inputs, outputs] : [experts, outputs, inputs])
    }

    private func matrix(_ view: TensorView) -> TensorView { isTransposed ? view.transposed() : view }
}

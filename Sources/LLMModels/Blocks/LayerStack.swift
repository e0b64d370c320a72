import LLMTensor

/// What a decoder does between its embeddings and its last norm.
protocol LayerStack: Sendable {
    /// The residual stream after the layers, of the batch's output rows, `[outputRows, hidden]`; `x` has all rows, and may
    /// be what is returned where all are wanted.
    func callAsFunction(_ x: Matrix, _ context: ForwardContext) -> Matrix
}

/// Layers that work one after another on one residual stream.
struct PlainStack: LayerStack {
    let layers: [DecoderLayer]

    func callAsFunction(_ x: Matrix, _ context: ForwardContext) -> Matrix {
        var x = x
        for (index, layer) in layers.enumerated() {
            // Of the last layer's rows, those that nobody asked for have done their part: their keys and values are kept.
            x = layer(x, index == layers.count - 1 ? context.wantedRows : .all, context)
        }
        return x
    }
}

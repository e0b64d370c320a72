import LLMTensor

/// Alternating updates (Baykal et al. 2023): a token has several residual streams, side by side, of which a layer reads and
/// updates one. What becomes of the streams is predicted of all of them, and corrected by what the layer makes of the active
/// one.
struct AltUp: Sendable {
    let streams: Int
    private let active: Int
    private let hidden: Int
    private let norm: Norm
    private let router: Linear  // [streams, hidden]
    private let prediction: Linear  // [streams * streams, streams]
    private let correction: Linear  // [streams, streams]

    /// Reads `router_norm`, `modality_router`, `prediction_coefs` and `correction_coefs`.
    init(
        _ model: ModelBuilder, hidden: Int, streams: Int, active: Int, _ style: NormStyle
    ) throws(ModelError) {
        self.streams = streams
        self.active = active
        self.hidden = hidden
        norm = try model.norm("router_norm", hidden, style)
        router = try model.linear("modality_router", inputs: hidden, outputs: streams, exact: true)
        prediction = try model.linear("prediction_coefs", inputs: streams, outputs: streams * streams, exact: true)
        correction = try model.linear("correction_coefs", inputs: streams, outputs: streams, exact: true)
    }

    /// A stream of all.
    func stream(_ index: Int, of x: Matrix) -> Matrix { x.columns(index * hidden..<(index + 1) * hidden) }

    /// The stream that the layer works on.
    func activeStream(of x: Matrix) -> Matrix { stream(active, of: x) }

    /// Predicts the streams, in place.
    func predict(_ x: Matrix, _ context: ForwardContext) {
        context.workspace.scope {
            context.compute.mixStreams(
                x, streams, by: prediction(modalities(of: activeStream(of: x), context), context))
        }
    }

    /// Corrects predicted streams by what the layer made of the active one, in place; `updated` is overwritten.
    func correct(_ x: Matrix, by updated: Matrix, _ context: ForwardContext) {
        context.workspace.scope {
            let weights = correction(modalities(of: updated, context), context)
            context.compute.correctStreams(x, streams, toward: updated, active: active, by: weights)
        }
    }

    /// How much a row is of each kind.
    private func modalities(of x: Matrix, _ context: ForwardContext) -> Matrix {
        let routed = router(x, after: norm, context)
        context.compute.scale(routed, by: 1 / Float(hidden))
        context.compute.softcap(routed, 1)
        return routed
    }
}

import LLMTensor

/// The norms around a block: of what it reads, and of what it puts out before that is added to the residual stream.
struct BlockNorms: Sendable {
    var before: Norm?
    var after: Norm?
}

/// How a layer's two blocks are wired to the residual stream.
enum Wiring: Sendable {
    /// The mixer, then the feed-forward block over its sum.
    case sequential(mixer: BlockNorms, feedForward: BlockNorms)
    /// Likewise, but for the norms: the stream itself has one after each sum, so that the residual is not what was
    /// added to before (Vaswani et al. 2017).
    case normedSums(mixer: Norm, feedForward: Norm)
    /// Both over the same rows, their outputs summed (GPT-J, Wang and Komatsuzaki 2021).
    case parallel(mixer: Norm, feedForward: Norm)

    /// Each block reads its rows after a norm.
    static func preNorm(_ mixer: Norm, _ feedForward: Norm) -> Wiring {
        .sequential(mixer: BlockNorms(before: mixer), feedForward: BlockNorms(before: feedForward))
    }

    /// The same with norms that are read from a layer's tensors, as Llama calls them.
    static func preNorm(
        _ layer: ModelBuilder, _ hidden: Int, _ style: NormStyle,
        names: (mixer: String, feedForward: String) = ("input_layernorm", "post_attention_layernorm")
    ) throws(ModelError) -> Wiring {
        .preNorm(
            try layer.norm(names.mixer, hidden, style), try layer.norm(names.feedForward, hidden, style))
    }

    /// What each block puts out has a norm.
    static func postNorm(_ mixer: Norm, _ feedForward: Norm) -> Wiring {
        .sequential(mixer: BlockNorms(after: mixer), feedForward: BlockNorms(after: feedForward))
    }

    /// Each block has a norm before and one after it, which are read from a layer's tensors.
    static func sandwich(
        _ layer: ModelBuilder, _ hidden: Int, _ style: NormStyle, mixer: (before: String, after: String),
        feedForward: (before: String, after: String)
    ) throws(ModelError) -> Wiring {
        .sequential(
            mixer: BlockNorms(
                before: try layer.norm(mixer.before, hidden, style), after: try layer.norm(mixer.after, hidden, style)),
            feedForward: BlockNorms(
                before: try layer.norm(feedForward.before, hidden, style),
                after: try layer.norm(feedForward.after, hidden, style)))
    }
}

/// One layer of a decoder or an encoder.
struct DecoderLayer: Sendable {
    let mixer: any Mixer
    let feedForward: any FeedForward
    let wiring: Wiring
    /// What the output of each block is multiplied by before it is added; nil for 1.
    let residualScale: Float?

    init(_ wiring: Wiring, mixer: any Mixer, feedForward: any FeedForward, residualScale: Float? = nil) {
        if case .sequential = wiring {} else { precondition(residualScale == nil, "a residual scale of other wiring") }
        self.mixer = mixer
        self.feedForward = feedForward
        self.wiring = wiring
        self.residualScale = residualScale
    }

    /// The residual stream after the layer, of these rows; `x` has all rows of the batch and is not used again.
    func callAsFunction(_ x: Matrix, _ rows: BatchRows, _ context: ForwardContext) -> Matrix {
        // Copied before the scope begins that the layer's own activations end with.
        let stream = context.rows(rows, of: x)
        context.workspace.scope {
            switch wiring {
            case .sequential(let mixerNorms, let feedForwardNorms):
                let queries = context.rows(rows, of: mixer.project(x, after: mixerNorms.before, context))
                add(to: stream, mixerNorms.after, context) { mixer.mix(queries, rows, into: $0, $1, context) }
                add(to: stream, feedForwardNorms.after, context) {
                    feedForward(stream, after: feedForwardNorms.before, into: $0, $1, context)
                }
            case .normedSums(let mixerNorm, let feedForwardNorm):
                let queries = context.rows(rows, of: mixer.project(x, after: nil, context))
                mixer.mix(queries, rows, into: stream, .add, context)
                mixerNorm(stream, into: stream, context)
                feedForward(stream, after: nil, into: stream, .add, context)
                feedForwardNorm(stream, into: stream, context)
            case .parallel(let mixerNorm, let feedForwardNorm):
                let queries = context.rows(rows, of: mixer.project(x, after: mixerNorm, context))
                let forward = context.workspace.matrix(rows: stream.rows, columns: stream.columns)
                feedForward(stream, after: feedForwardNorm, into: forward, .store, context)
                mixer.mix(queries, rows, into: stream, .add, context)
                context.compute.add(forward, to: stream)
            }
        }
        return stream
    }

    /// Adds what `block` puts out to the residual stream, after `norm` and scaled where these are.
    private func add(
        to stream: Matrix, _ norm: Norm?, _ context: ForwardContext, _ block: (Matrix, LinearOutput) -> Void
    ) {
        context.workspace.scope {
            if norm == nil, residualScale == nil { return block(stream, .add) }
            let output = context.workspace.matrix(rows: stream.rows, columns: stream.columns)
            block(output, .store)
            norm?(output, into: output, context)
            if let residualScale { context.compute.scale(output, by: residualScale) }
            context.compute.add(output, to: stream)
        }
    }
}

import Foundation
import LLMJSON
import LLMTensor
import LLMWeights
import OrderedCollections

extension Architecture {
    /// The text model of Gemma 3n (Gemma Team 2025): Gemma 3 with several residual streams (``AltUp``), an embedding of each
    /// token for each layer, a low-rank path beside attention (LAuReL, Menghani et al. 2024), sparse activations in the
    /// first layers, and last layers that read the keys and values of earlier ones.
    static let gemma3n = Architecture(
        "Gemma3nForCausalLM",
        tiny: #"""
            "head_dim": 20, "sliding_window": 24, "layer_types": ["sliding_attention", "sliding_attention"],
            "num_kv_shared_layers": 1, "activation_sparsity_pattern": [0.9, 0], "laurel_rank": 7,
            "hidden_size_per_layer_input": 10, "vocab_size_per_layer_input": 80, "altup_num_inputs": 3,
            "altup_active_idx": 1
            """#
    ) { config, model in
        try .gemma3n(config, model, prefix: "model")
    }

    /// Gemma 3n as it reads images and sounds; here text only. The text model is under names of its own.
    static let gemma3nConditional = Architecture(
        "Gemma3nForConditionalGeneration",
        tinyText: #"""
            "head_dim": 12, "sliding_window": 24, "layer_types": ["sliding_attention", "full_attention"],
            "num_kv_shared_layers": 0, "laurel_rank": 9, "hidden_size_per_layer_input": 12
            """#
    ) { config, model in
        try .gemma3n(config.textConfig(), model, prefix: "model.language_model")
    }
}

extension Decoder {
    fileprivate static func gemma3n(_ config: ConfigFile, _ model: ModelBuilder, prefix: String) throws -> Decoder {
        let config = config.adding(defaults: gemma3nDefaults)
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        try config.require("hidden_activation", "gelu_pytorch_tanh")
        try config.requireWholeRotation()
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        return try Decoder(
            model, sizes, norm: style, embeddingScale: Float(sizes.hidden).squareRoot(),
            softcap: try config.softcap("final_logit_softcapping", default: 30), names: Names(textModel: prefix)
        ) { _ in try Gemma3nStack(config, model.scope(prefix), sizes, heads, style) }
    }

    /// What its class in transformers has where a config leaves a key out.
    private static var gemma3nDefaults: OrderedDictionary<String, JSONValue> {
        [
            "vocab_size": .integer(262_400), "hidden_size": .integer(2048), "intermediate_size": .integer(16_384),
            "num_hidden_layers": .integer(35), "num_attention_heads": .integer(8), "num_key_value_heads": .integer(2),
            "head_dim": .integer(256), "max_position_embeddings": .integer(32_768),
        ]
    }
}

/// The layers with what comes before and after them: the streams and what each layer reads of a token besides.
private struct Gemma3nStack: LayerStack {
    private let layers: [Gemma3nLayer]
    private let hidden: Int
    private let streams: Int
    /// The first of the layers that cache nothing.
    private let firstShared: Int
    private let inputs: PerLayerInputs
    private let projections: [Linear]  // [hidden, hidden], of all streams but the first
    private let unembeddings: [Linear]  // likewise

    init(
        _ config: ConfigFile, _ model: ModelBuilder, _ sizes: DecoderSizes, _ heads: AttentionHeads, _ style: NormStyle
    ) throws {
        let (hidden, count) = (sizes.hidden, sizes.layers)
        let streams = try config.integer("altup_num_inputs", in: 1...16, default: 4)
        self.hidden = hidden
        self.streams = streams
        inputs = try PerLayerInputs(config, model, hidden: hidden, layers: count, style)
        func perStream(_ name: String) throws(ModelError) -> [Linear] {
            try (0..<streams - 1).map { index throws(ModelError) in
                try model.linear("\(name).\(index)", inputs: hidden, outputs: hidden)
            }
        }
        projections = try perStream("altup_projections")
        unembeddings = try perStream("altup_unembed_projections")

        let shared = try config.integer("num_kv_shared_layers", in: 0...count - 1, default: min(15, count - 1))
        let firstShared = count - shared
        self.firstShared = firstShared
        let windows = try config.windows(try config.window(default: 512), layers: count) { ($0 + 1) % 5 != 0 }
        let description = try Gemma3nLayer.Description(config, sizes, heads, style, streams: streams)
        let inputWidth = inputs.width
        var slots: [Int?: CacheSlot] = [:]  // by window, of the last layer with keys and values of its own
        layers = try model.layers("layers", count) { layer, index in
            let source = index < firstShared ? nil : slots[windows[index]]
            if index >= firstShared, source == nil {
                throw config.invalid(
                    "num_kv_shared_layers",
                    "such that there is a layer before the last \(shared) of each of their types")
            }
            let made = try Gemma3nLayer(
                layer, description, index, window: windows[index], source: source, inputWidth: inputWidth)
            slots[windows[index]] = made.attention.slot
            return made
        }
    }

    func callAsFunction(_ x: Matrix, _ context: ForwardContext) -> Matrix {
        var context = context
        var inputs = inputs(x, context)
        var all = context.workspace.matrix(rows: x.rows, columns: streams * hidden)
        expand(x, into: all, context)
        for (index, layer) in layers.enumerated() {
            // From the last layer that caches on, only the rows that somebody asked for matter.
            let rows = index == firstShared - 1 ? context.wantedRows : .all
            if rows == .output { inputs = context.rows(rows, of: inputs) }
            all = layer(all, self.inputs.layer(index, of: inputs), rows, context)
            if rows == .output { context = context.ofOutputRows() }
        }
        return merged(all, context)
    }

    /// The streams of embeddings: as they are, and projections of them that are as large.
    private func expand(_ x: Matrix, into all: Matrix, _ context: ForwardContext) {
        context.compute.copy(x, into: all.columns(0..<hidden))
        for (index, projection) in projections.enumerated() {
            let stream = all.columns((index + 1) * hidden..<(index + 2) * hidden)
            projection(x, into: stream, .store, context)
            context.compute.matchMagnitudes(stream, to: x, least: leastSquare)
        }
    }

    /// The mean of the streams, all but the first projected and made as large as that one is.
    private func merged(_ all: Matrix, _ context: ForwardContext) -> Matrix {
        let first = all.columns(0..<hidden)
        let sum = context.workspace.matrix(rows: all.rows, columns: hidden)
        context.compute.copy(first, into: sum)
        for (index, unembedding) in unembeddings.enumerated() {
            context.workspace.scope {
                let stream = unembedding(all.columns((index + 1) * hidden..<(index + 2) * hidden), context)
                context.compute.matchMagnitudes(stream, to: first, least: leastSquare)
                context.compute.add(stream, to: sum)
            }
        }
        context.compute.scale(sum, by: 1 / Float(streams))
        return sum
    }

    /// What a projected stream's mean square is at least.
    private var leastSquare: Float { 1e-5 }
}

/// What each layer reads of a token besides the streams: an embedding and a projection of the usual one.
private struct PerLayerInputs: Sendable {
    /// Elements that a layer reads.
    let width: Int
    private let layers: Int
    private let vocabulary: Int
    private let embedding: Linear  // [vocabulary, layers * width]
    private let projection: Linear  // [layers * width, hidden]
    private let norm: Norm  // of each layer's part

    init(
        _ config: ConfigFile, _ model: ModelBuilder, hidden: Int, layers: Int, _ style: NormStyle
    ) throws(ModelError) {
        self.layers = layers
        width = try config.integer("hidden_size_per_layer_input", in: 1...1 << 14, default: 256)
        vocabulary = try config.integer("vocab_size_per_layer_input", in: 1...1 << 24, default: 262_144)
        embedding = try model.linear(
            "embed_tokens_per_layer", inputs: layers * width, outputs: vocabulary, isRead: false)
        projection = try model.linear("per_layer_model_projection", inputs: hidden, outputs: layers * width)
        norm = try model.norm("per_layer_projection_norm", width, style)
    }

    /// Those of all layers side by side, of rows of embeddings.
    func callAsFunction(_ x: Matrix, _ context: ForwardContext) -> Matrix {
        let (compute, workspace) = (context.compute, context.workspace)
        let inputs = projection(x, context)
        compute.scale(inputs, by: 1 / Float(x.columns).squareRoot())
        norm(inputs, into: inputs, context)
        workspace.scope {
            let own = workspace.matrix(rows: inputs.rows, columns: inputs.columns)
            // Tokens of images and sounds have no row of their own.
            compute.gatherRows(
                embedding.weights, context.batch.tokens.map { $0 < vocabulary ? $0 : 0 }, into: own)
            compute.scale(own, by: Float(width).squareRoot())
            compute.add(own, to: inputs)
        }
        compute.scale(inputs, by: Float(0.5).squareRoot())
        return inputs
    }

    /// What a layer reads.
    func layer(_ index: Int, of inputs: Matrix) -> Matrix { inputs.columns(index * width..<(index + 1) * width) }
}

/// A layer: attention with a low-rank path beside it, the feed-forward block, and what the token's own input adds to all
/// streams but the first.
private struct Gemma3nLayer: Sendable {
    let attention: Attention
    private let altUp: AltUp
    private let feedForward: any FeedForward
    private let norms: (input: Norm, attention: Norm, before: Norm, after: Norm)
    private let laurel: (left: Linear, right: Linear, norm: Norm)
    private let outputScale: [Float]?
    private let gate: Linear  // [width of an input, hidden]
    private let projection: Linear  // [hidden, width of an input]
    private let projectionNorm: Norm

    /// What layers have in common.
    struct Description {
        let hidden: Int
        let heads: AttentionHeads
        let style: NormStyle
        let epsilon: Float
        let streams: Int
        let active: Int
        let scalesOutput: Bool
        let rank: Int
        let bias: Bool
        let rotary: Rotary
        let localRotary: Rotary
        let widths: [Int]
        let sparsities: [Double]

        init(
            _ config: ConfigFile, _ sizes: DecoderSizes, _ heads: AttentionHeads, _ style: NormStyle, streams: Int
        ) throws(ModelError) {
            hidden = sizes.hidden
            self.heads = heads
            self.style = style
            self.streams = streams
            epsilon = try config.rmsEpsilon(default: 1e-6)
            active = try config.integer("altup_active_idx", in: 0...streams - 1, default: 0)
            scalesOutput = try config.flag("altup_correct_scale", default: true)
            rank = try config.integer("laurel_rank", in: 1...1 << 14, default: 64)
            bias = try config.flag("attention_bias", default: false)
            rotary = try Rotary(config, dim: heads.dim, layers: .full, defaultTheta: 1e6)
            localRotary = try Rotary(
                config, dim: heads.dim,
                layers: RotaryScaling.Layers(
                    type: "sliding_attention", thetaKey: "rope_local_base_freq", isScaled: false))
            let widths = try config.integers("intermediate_size", in: 1...1 << 20)
            guard widths.count == 1 || widths.count == sizes.layers else {
                throw config.invalid("intermediate_size", "one number, or one for each of \(sizes.layers) layers")
            }
            self.widths = widths.count == 1 ? Array(repeating: widths[0], count: sizes.layers) : widths
            let key = "activation_sparsity_pattern"
            sparsities =
                try config.optional(key, .numbers(in: 0...0.999_999))
                ?? (0..<sizes.layers).map { sizes.layers > 10 && $0 < 10 ? 0.95 : 0 }
            guard sparsities.count == sizes.layers else {
                throw config.invalid(key, "a list of num_hidden_layers, \(sizes.layers), numbers")
            }
        }
    }

    /// - Parameters:
    ///   - source: the place in the cache of keys and values that are read; nil for the layer's own.
    ///   - inputWidth: elements that the layer reads of a token besides the streams.
    init(
        _ layer: ModelBuilder, _ shared: Description, _ index: Int, window: Int?, source: CacheSlot?, inputWidth: Int
    ) throws(ModelError) {
        let (hidden, style) = (shared.hidden, shared.style)
        let streams = layer.scope("altup")
        altUp = try AltUp(streams, hidden: hidden, streams: shared.streams, active: shared.active, style)
        outputScale = shared.scalesOutput ? try streams.vector("correct_output_scale", hidden) : nil
        norms = (
            try layer.norm("input_layernorm", hidden, style), try layer.norm("post_attention_layernorm", hidden, style),
            try layer.norm("pre_feedforward_layernorm", hidden, style),
            try layer.norm("post_feedforward_layernorm", hidden, style)
        )
        attention = try Attention(
            layer.scope("self_attn"), shared.heads, hidden: hidden,
            rotary: window == nil ? shared.rotary : shared.localRotary,
            Attention.Options(
                window: window, headNorms: style, valueNorms: shared.epsilon, scale: 1, bias: shared.bias,
                outputBias: shared.bias, source: source))
        let low = layer.scope("laurel")
        laurel = (
            try low.linear("linear_left", inputs: hidden, outputs: shared.rank),
            try low.linear("linear_right", inputs: shared.rank, outputs: hidden),
            try low.norm("post_laurel_norm", hidden, style)
        )
        let dense = try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: shared.widths[index], .geluTanh)
        let sparsity = shared.sparsities[index]
        feedForward = sparsity > 0 ? SparseFeedForward(dense, sparsity: sparsity) : dense
        gate = try layer.linear("per_layer_input_gate", inputs: hidden, outputs: inputWidth)
        projection = try layer.linear("per_layer_projection", inputs: inputWidth, outputs: hidden)
        projectionNorm = try layer.norm("post_per_layer_input_norm", hidden, style)
    }

    /// The streams after the layer, of these rows; `x` has those of all rows and is not used again. `inputs` are of these
    /// rows.
    func callAsFunction(_ x: Matrix, _ inputs: Matrix, _ rows: BatchRows, _ context: ForwardContext) -> Matrix {
        let (compute, workspace) = (context.compute, context.workspace)
        altUp.predict(x, context)
        let all = context.rows(rows, of: x)
        workspace.scope {
            let normed = norms.input(altUp.activeStream(of: x), context)
            let queries = context.rows(rows, of: attention.project(normed, after: nil, context))
            let updated = workspace.matrix(rows: all.rows, columns: normed.columns)
            attention.mix(queries, rows, into: updated, .store, context)
            norms.attention(updated, into: updated, context)
            compute.add(altUp.activeStream(of: all), to: updated)
            let residual = context.rows(rows, of: normed)
            compute.add(residual, to: updated)
            addLowRank(residual, to: updated, context)
            compute.scale(updated, by: Float(0.5).squareRoot())
            workspace.scope {
                let forward = workspace.matrix(rows: updated.rows, columns: updated.columns)
                feedForward(updated, after: norms.before, into: forward, .store, context)
                norms.after(forward, into: forward, context)
                compute.add(forward, to: updated)
            }
            altUp.correct(all, by: updated, context)
            addInputs(inputs, to: all, context)
        }
        return all
    }

    /// The learned residual's path of a low rank.
    private func addLowRank(_ x: Matrix, to y: Matrix, _ context: ForwardContext) {
        context.workspace.scope {
            let low = laurel.right(laurel.left(x, context), context)
            laurel.norm(low, into: low, context)
            context.compute.add(low, to: y)
        }
    }

    /// Adds to all streams but the first what the token's input makes of the active one.
    private func addInputs(_ inputs: Matrix, to all: Matrix, _ context: ForwardContext) {
        let (compute, workspace) = (context.compute, context.workspace)
        workspace.scope {
            let active = workspace.matrix(rows: all.rows, columns: gate.inputs)
            compute.copy(altUp.activeStream(of: all), into: active)
            if let outputScale { compute.scaleColumns(active, by: outputScale) }
            let (width, both) = (inputs.columns, workspace.matrix(rows: all.rows, columns: 2 * inputs.columns))
            gate(active, into: both.columns(0..<width), .store, context)
            compute.copy(inputs, into: both.columns(width..<2 * width))
            let gated = workspace.matrix(rows: all.rows, columns: width)
            compute.activate(both, .geluTanh, gated: true, into: gated)
            let added = projection(gated, context)
            projectionNorm(added, into: added, context)
            for index in 1..<altUp.streams { compute.add(added, to: altUp.stream(index, of: all)) }
        }
    }
}

/// A gated block whose gates are 0 but for the greatest, told by the mean and the deviation of a token's.
private struct SparseFeedForward: TwoLayerFeedForward {
    private let dense: GatedFeedForward
    private let deviations: Float

    /// - Parameter sparsity: the part of gates that is 0 where they are normally distributed.
    init(_ dense: GatedFeedForward, sparsity: Double) {
        self.dense = dense
        deviations = Float(SparseFeedForward.quantile(sparsity))
    }

    var up: Linear { dense.up }
    var down: Linear { dense.down }

    func activated(_ gateUps: Matrix, _ context: ForwardContext) -> Matrix {
        context.compute.gaussianTopK(gateUps.columns(0..<gateUps.columns / 2), deviations: deviations)
        return dense.activated(gateUps, context)
    }

    /// The quantile of the standard normal distribution, by halving.
    private static func quantile(_ share: Double) -> Double {
        var (low, high) = (-9.0, 9.0)
        for _ in 0..<64 {
            let middle = (low + high) / 2
            if erfc(-middle / 2.0.squareRoot()) / 2 < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

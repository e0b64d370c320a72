import LLMTensor
import LLMWeights

extension Architecture {
    /// MPNet (Song et al. 2020): BERT without token types, with RoBERTa's positions and biases of scores by the distance
    /// between query and key, the same in every layer.
    static let mpNet = Encoder.classes(of: "MPNet", prefix: "mpnet", tiny: #""hidden_act": "gelu""#) { config, model in
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, positions: 512)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_eps", default: 1e-12)
        let activation = try config.activation(default: "gelu")
        let width = try config.feedForwardWidth(default: 4 * hidden)
        // Its class counts positions from behind token 1, whatever pads, and knows so many buckets, whatever the config says.
        guard sizes.dimensions.maxPositions > 2 else {
            throw config.invalid("max_position_embeddings", "over 2, which are kept for padding")
        }
        guard try config.integer("relative_attention_num_buckets", in: 1...1 << 16, default: 32) == 32 else {
            throw config.unsupported("relative_attention_num_buckets", "this architecture has 32")
        }
        let biases = try DistanceBuckets().biases(
            model.body.scope("encoder"), "relative_attention_bias.weight", heads: heads.queries)
        var classifier: SequenceClassifier?
        if model.hasClassifier {
            classifier = try SequenceClassifier(
                model.whole, labels: try config.labels(), hidden: hidden, .tanh,
                names: (dense: "classifier.dense", output: "classifier.out_proj"))
        }
        return try Encoder(
            model.body, sizes, norm: style, positions: .after(padding: 1), classifier: classifier
        ) { layer, _ in
            DecoderLayer(
                .normedSums(
                    mixer: try layer.norm("attention.LayerNorm", hidden, style),
                    feedForward: try layer.norm("output.LayerNorm", hidden, style)),
                mixer: try Attention(
                    layer.scope("attention.attn"), heads, hidden: hidden, rotary: nil,
                    Attention.Options(
                        ahead: .max, distanceBiases: biases, bias: true, outputBias: true, names: ("q", "k", "v"),
                        outputName: "o")),
                feedForward: try PlainFeedForward(
                    layer, hidden: hidden, width: width, activation, names: ("intermediate.dense", "output.dense")))
        }
    }
}

/// Distances between query and key that share a bias (T5, Raffel et al. 2020), of those before and of those after the query:
/// a bucket for each short one, then buckets that grow by the root of two.
private struct DistanceBuckets {
    /// On either side.
    private let buckets = 16
    /// Distances that are told apart one by one.
    private let exact = 8
    /// From here on all are in the last bucket.
    private let most = 128

    /// The bias of each head by distance, of a tensor of a row for each bucket: first of keys up to the query.
    func biases(_ model: ModelBuilder, _ name: String, heads: Int) throws(ModelError) -> DistanceBiases? {
        guard let rows = try model.tensor(name, [2 * buckets, heads])?.floats() else { return nil }
        let values = (0..<heads).flatMap { head in
            (-most...most).map { rows[bucket(of: $0) * heads + head] }
        }
        return DistanceBiases(values: values, span: most)
    }

    private func bucket(of distance: Int) -> Int {
        let (first, length) = (distance > 0 ? buckets : 0, abs(distance))
        guard length >= exact else { return first + length }
        // The logarithm of the length, in integers: two buckets to each doubling.
        var bucket = exact
        while bucket < buckets - 1, length * length >= exact * exact << (bucket - exact + 1) { bucket += 1 }
        return first + bucket
    }
}

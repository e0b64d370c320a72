import LLMTensor
import LLMWeights

extension Architecture {
    /// DeepSeek-V2 (DeepSeek-AI 2024): latent attention; experts, some of which all tokens share.
    static let deepseekV2 = Architecture(
        "DeepseekV2ForCausalLM",
        tiny: #"""
            "kv_lora_rank": 20, "q_lora_rank": null, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8, "v_head_dim": 10,
            "n_routed_experts": 6, "num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 24,
            "first_k_dense_replace": 1
            """#
    ) { config, model in
        let routing = try Routing(deepseekV2: config)
        return try .deepseek(config, model, dense: 0, shared: 2) { _ in routing }
    }
}

extension Decoder {
    /// DeepSeek's decoder of latent attention and, from some layer on, experts.
    ///
    /// - Parameters:
    ///   - dense: `first_k_dense_replace` where the config has none.
    ///   - shared: `n_shared_experts` where the config has none.
    ///   - routing: of the layer with this block.
    static func deepseek(
        _ config: ConfigFile, _ model: ModelBuilder, dense: Int, shared: Int,
        routing: (ModelBuilder) throws -> Routing
    ) throws -> Decoder {
        let latent = try LatentAttention.Sizes(config, plain: 128, rotated: 64, value: 128, latent: 512)
        let sizes = try DecoderSizes(config, heads: latent.heads, keys: 1, headDim: latent.query)
        let hidden = sizes.hidden
        let queryRank = try config.queryRank(default: 1536)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let bias = try config.flag("attention_bias", default: false)
        let layout: Compute.RotaryLayout =
            try config.flag("rope_interleave", default: true) ? .interleaved : .half
        let feedForward = try DeepseekFeedForward(config, dense: dense, shared: shared)
        return try Decoder(model, sizes, norm: style) { layer, index in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try LatentAttention(
                    layer.scope("self_attn"), latent, hidden: hidden, queryRank: queryRank,
                    // The class's own epsilon, whatever the config's is.
                    norms: .rms(epsilon: 1e-6), scale: try config.latentScale(latent), bias: bias
                ) { offset throws(ModelError) in
                    try Rotary(config, dim: latent.rotated, layout: layout, offset: offset)
                },
                feedForward: try feedForward(layer.scope("mlp"), index, routing))
        }
    }
}

/// The feed-forward blocks of DeepSeek's models and those built alike: the first ones dense, the others of experts, with
/// some that all tokens share.
struct DeepseekFeedForward {
    private let hidden: Int
    private let widths: (dense: Int, expert: Int)
    private let dense: Int
    private let shared: Int
    private let bias: Bool

    /// - Parameters:
    ///   - dense: `first_k_dense_replace` where the config has none.
    ///   - shared: `n_shared_experts` where the config has none.
    init(_ config: ConfigFile, dense defaultDense: Int, shared defaultShared: Int) throws(ModelError) {
        hidden = try config.integer("hidden_size", in: DecoderSizes.hiddenSizes)
        widths = (try config.feedForwardWidth(), try config.feedForwardWidth("moe_intermediate_size"))
        dense = try config.integer("first_k_dense_replace", in: 0...1024, default: defaultDense)
        let key = "n_shared_experts"
        shared = config.isNull(key) ? 0 : try config.integer(key, in: 0...1024, default: defaultShared)
        bias = try config.flag("mlp_bias", default: false)
        try config.requireSiLU()
        guard try config.integer("moe_layer_freq", in: 1...1024, default: 1) == 1 else {
            throw config.unsupported(
                "moe_layer_freq", "in this architecture every layer after the dense ones has experts")
        }
    }

    /// The block of a layer, `mlp`.
    func callAsFunction(
        _ block: ModelBuilder, _ layer: Int, _ routing: (ModelBuilder) throws -> Routing
    ) throws -> any FeedForward {
        if layer < dense { return try GatedFeedForward(block, hidden: hidden, width: widths.dense, bias: bias) }
        return try Experts(
            block, hidden: hidden, width: widths.expert, try routing(block),
            shared: shared == 0
                ? nil
                : try GatedFeedForward(block.scope("shared_experts"), hidden: hidden, width: shared * widths.expert))
    }
}

extension Routing {
    /// DeepSeek-V2's choice of experts, by their probabilities as they are.
    fileprivate init(deepseekV2 config: ConfigFile) throws(ModelError) {
        let experts = try config.integer("n_routed_experts", in: 1...4096, default: 64)
        self.init(experts: experts, chosen: try config.integer("num_experts_per_tok", in: 1...experts))
        scale = try config.routedScale()
        try config.require("scoring_func", "softmax")
        try config.require("norm_topk_prob", false, "this architecture takes probabilities as they are")
        switch try config.string("topk_method", default: "greedy") {
        case "greedy": break
        case "group_limited_greedy": groups = try config.groups(experts, chosen, best: 1)
        default: throw config.unsupported("topk_method", "use a model with greedy or group_limited_greedy")
        }
    }
}

extension ConfigFile {
    /// `routed_scaling_factor`.
    func routedScale(default fallback: Double = 1) throws(ModelError) -> Float {
        Float(try number("routed_scaling_factor", in: 0...1e6, default: fallback))
    }

    /// `n_group` groups of experts, of which `topk_group` are open to a token that takes `chosen` experts.
    ///
    /// - Parameters:
    ///   - best: experts whose scores make a group's.
    ///   - defaults: of both keys; nil where they are needed.
    func groups(
        _ experts: Int, _ chosen: Int, best: Int, defaults: (all: Int, chosen: Int)? = nil
    ) throws(ModelError) -> Routing.Groups {
        let all = try integer("n_group", in: 1...experts, default: defaults?.all)
        guard experts % all == 0 else { throw invalid("n_group", "a divisor of n_routed_experts, \(experts)") }
        let open = try integer("topk_group", in: 1...all, default: defaults?.chosen)
        guard open * (experts / all) >= chosen else {
            throw invalid("topk_group", "enough groups for num_experts_per_tok, \(chosen)")
        }
        return Routing.Groups(all: all, chosen: open, best: best)
    }
}

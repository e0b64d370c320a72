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
        let latent = try LatentAttention.Sizes(config, plain: 128, rotated: 64, value: 128, latent: 512)
        let sizes = try DecoderSizes(config, heads: latent.heads, keys: 1, headDim: latent.query)
        let hidden = sizes.hidden
        let queryRank = try config.queryRank(default: 1536)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let bias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        let dense = try config.integer("first_k_dense_replace", in: 0...1024, default: 0)
        let widths = (
            dense: try config.feedForwardWidth(), expert: try config.feedForwardWidth("moe_intermediate_size")
        )
        let shared =
            config.isNull("n_shared_experts")
            ? 0 : try config.integer("n_shared_experts", in: 0...1024, default: 2)
        let routing = try DeepseekRouting(config)
        try config.requireSiLU()
        return try Decoder(model, sizes, norm: style) { layer, index in
            let block = layer.scope("mlp")
            let feedForward: any FeedForward =
                index < dense
                ? try GatedFeedForward(block, hidden: hidden, width: widths.dense, bias: mlpBias)
                : Experts(
                    router: try block.linear("gate", inputs: hidden, outputs: routing.experts, exact: true),
                    experts: try block.layers("experts", routing.experts) { expert, index in
                        try GatedFeedForward(
                            expert, hidden: hidden, width: widths.expert, isRead: index < routing.chosen)
                    },
                    shared: shared == 0
                        ? nil
                        : try GatedFeedForward(
                            block.scope("shared_experts"), hidden: hidden, width: shared * widths.expert),
                    route: routing.route)
            return DecoderLayer(
                .preNorm(
                    try layer.norm("input_layernorm", hidden, style),
                    try layer.norm("post_attention_layernorm", hidden, style)),
                mixer: try LatentAttention(
                    layer.scope("self_attn"), latent, hidden: hidden, queryRank: queryRank,
                    // The class's own epsilon, whatever the config's is.
                    norms: .rms(epsilon: 1e-6), scale: try config.latentScale(latent), bias: bias
                ) { offset throws(ModelError) in
                    try Rotary(config, dim: latent.rotated, layout: .interleaved, offset: offset)
                },
                feedForward: feedForward)
        }
    }
}

/// DeepSeek-V2's choice of experts, by their probabilities as they are.
private struct DeepseekRouting: Sendable {
    let experts: Int
    let chosen: Int
    /// Groups that experts are in, and how many of these a token's experts may be of; nil for no such limit.
    private let groups: (all: Int, chosen: Int)?
    private let scale: Float

    init(_ config: ConfigFile) throws(ModelError) {
        experts = try config.integer("n_routed_experts", in: 1...4096, default: 64)
        chosen = try config.integer("num_experts_per_tok", in: 1...experts)
        scale = Float(try config.number("routed_scaling_factor", in: 0...1e6, default: 1))
        let scoring = try config.string("scoring_func", default: "softmax")
        guard scoring == "softmax" else { throw config.unsupported("scoring_func", "this architecture has softmax") }
        guard try !config.flag("norm_topk_prob", default: false) else {
            throw config.unsupported("norm_topk_prob", "this architecture takes probabilities as they are")
        }
        guard try config.integer("moe_layer_freq", in: 1...1024, default: 1) == 1 else {
            throw config.unsupported(
                "moe_layer_freq", "in this architecture every layer after the dense ones has experts")
        }
        switch try config.string("topk_method", default: "greedy") {
        case "greedy": groups = nil
        case "group_limited_greedy":
            let all = try config.integer("n_group", in: 1...experts)
            guard experts % all == 0 else {
                throw config.invalid("n_group", "a divisor of n_routed_experts, \(experts)")
            }
            let chosen = try config.integer("topk_group", in: 1...all)
            guard chosen * (experts / all) >= self.chosen else {
                throw config.invalid("topk_group", "enough groups for num_experts_per_tok, \(self.chosen)")
            }
            groups = (all, chosen)
        default: throw config.unsupported("topk_method", "use a model with greedy or group_limited_greedy")
        }
    }

    @Sendable func route(_ probabilities: [Float]) -> [ChosenExpert] {
        var probabilities = probabilities
        if let groups {
            let size = experts / groups.all
            let best = (0..<groups.all).map { probabilities[$0 * size..<($0 + 1) * size].max() ?? 0 }
            let kept = Set(mostProbable(groups.chosen, of: best).map(\.index))
            for index in probabilities.indices where !kept.contains(index / size) { probabilities[index] = 0 }
        }
        return mostProbable(chosen, of: probabilities).map {
            ChosenExpert(index: $0.index, weight: $0.weight * scale)
        }
    }
}

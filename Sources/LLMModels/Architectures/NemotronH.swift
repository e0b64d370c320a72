import LLMTensor
import LLMWeights

extension Architecture {
    /// Nemotron-H and Nemotron Nano 2 and 3 (NVIDIA 2025): layers of one block each, Mamba-2, attention without positions,
    /// or a feed-forward block, which may be of experts.
    static let nemotronH = Architecture(
        "NemotronHForCausalLM",
        tiny: #"""
            "head_dim": 20, "mamba_num_heads": 4, "mamba_head_dim": 20, "ssm_state_size": 20, "n_groups": 2,
            "hybrid_override_pattern": "M*E-M", "n_routed_experts": 5, "num_experts_per_tok": 2,
            "moe_intermediate_size": 20, "moe_shared_expert_intermediate_size": 28
            """#
    ) { config, model in
        let blocks = try config.nemotronBlocks()
        let config = config.named(ConfigFile.nemotronNames)
        let heads = try AttentionHeads(config, keys: 8, dim: 128)
        let sizes = try DecoderSizes(config, heads, positions: 4096, layers: blocks.count)
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: Float(try config.number("layer_norm_epsilon", in: 0...1, default: 1e-5)))
        let mamba = try Mamba2Mixer.Sizes(config, groups: 8, state: 128, expands: false)
        let feedForward = try NemotronFeedForward(config, hidden: hidden, hasExperts: blocks.contains(.experts))
        let convolutionBias = try config.flag("mamba_conv_bias", default: true)
        let bias = try config.flag("use_bias", default: false)
        let names = Decoder.Names(
            embedding: "backbone.embeddings", layers: "backbone.layers", norm: "backbone.norm_f")
        return try Decoder(model, sizes, norm: style, names: names) { layer, index in
            let (norm, block) = (Wiring.single(try layer.norm("norm", hidden, style)), layer.scope("mixer"))
            switch blocks[index] {
            case .mamba:
                return DecoderLayer(
                    norm,
                    mixer: try Mamba2Mixer(block, mamba, norm: style, bias: bias, convolutionBias: convolutionBias))
            case .attention:
                return DecoderLayer(norm, mixer: try Attention(block, heads, hidden: hidden, rotary: nil))
            case .dense: return DecoderLayer(norm, feedForward: try feedForward.dense(block))
            case .experts: return DecoderLayer(norm, feedForward: try feedForward.experts(block))
            }
        }
    }
}

/// The block of a layer of Nemotron-H, with its letter in `hybrid_override_pattern`.
private enum NemotronBlock: Character {
    case mamba = "M"
    case attention = "*"
    case dense = "-"
    case experts = "E"

    /// By the names of `layers_block_type`.
    init?(named name: String) {
        switch name {
        case "mamba", "linear_attention": self = .mamba
        case "attention", "full_attention": self = .attention
        case "mlp": self = .dense
        case "moe": self = .experts
        default: return nil
        }
    }
}

/// The feed-forward blocks of Nemotron-H, without gates.
private struct NemotronFeedForward {
    private typealias Sizes = (routing: Routing, width: Int, shared: Int)

    private let hidden: Int
    private let width: Int
    private let activation: Activation
    private let bias: Bool
    private let sizes: Sizes?

    init(_ config: ConfigFile, hidden: Int, hasExperts: Bool) throws(ModelError) {
        self.hidden = hidden
        width = try config.feedForwardWidth(default: 21504)
        activation = try config.activation("mlp_hidden_act", default: "relu2")
        bias = try config.flag("mlp_bias", default: false)
        if hasExperts, config.has("moe_latent_size") {
            throw config.unsupported("moe_latent_size", "use a model whose experts read the whole hidden state")
        }
        sizes =
            hasExperts
            ? (
                try Routing(balanced: config, experts: 8, chosen: 2, groups: (1, 1), scale: 1),
                try config.feedForwardWidth("moe_intermediate_size", default: 7688),
                try config.feedForwardWidth("moe_shared_expert_intermediate_size", default: 7688)
            ) : nil
    }

    func dense(_ block: ModelBuilder, width: Int? = nil, isRead: Bool = true) throws(ModelError) -> PlainFeedForward {
        try PlainFeedForward(
            block, hidden: hidden, width: width ?? self.width, activation, bias: bias, names: ("up_proj", "down_proj"),
            isRead: isRead)
    }

    func experts(_ block: ModelBuilder) throws -> Experts {
        guard let sizes else { preconditionFailure("a layer of experts in a model without them") }
        let routing = try sizes.routing.withBias(block)
        return Experts(
            router: try block.linear("gate", inputs: hidden, outputs: routing.experts, exact: true), routing,
            experts: try block.layers("experts", routing.experts) { expert, index in
                try dense(expert, width: sizes.width, isRead: index < routing.chosen)
            }, shared: try dense(block.scope("shared_experts"), width: sizes.shared))
    }
}

extension ConfigFile {
    /// What Nemotron-H calls the keys that models with layers of Mamba-2 have.
    fileprivate static let nemotronNames = [
        "mamba_n_heads": "mamba_num_heads", "mamba_d_head": "mamba_head_dim", "mamba_n_groups": "n_groups",
        "mamba_d_state": "ssm_state_size", "mamba_d_conv": "conv_kernel", "mamba_conv_bias": "use_conv_bias",
        "hidden_act": "mamba_hidden_act",
    ]

    /// The block of each layer.
    fileprivate func nemotronBlocks() throws(ModelError) -> [NemotronBlock] {
        let pattern = "hybrid_override_pattern"
        if has(pattern) {
            let letters = try string(pattern)
            let blocks = letters.compactMap(NemotronBlock.init(rawValue:))
            guard (1...1024).contains(blocks.count), blocks.count == letters.count else {
                throw unsupported(pattern, "layers may be M, *, - and E")
            }
            return blocks
        }
        let key = has("layer_types") ? "layer_types" : "layers_block_type"
        guard has(key) else { throw missing(pattern) }
        let names = try strings(key)
        let blocks = names.compactMap(NemotronBlock.init(named:))
        guard (1...1024).contains(blocks.count), blocks.count == names.count else {
            throw unsupported(key, "layers may be linear_attention, full_attention, mlp and moe")
        }
        return blocks
    }
}

/// The family's tensor names in Hugging Face checkpoints, with their sizes.
struct LlamaTensorNames {
    typealias Part = (name: String, outputs: Int)

    /// A linear layer's matrices, stacked in this order.
    struct Linear {
        let layers: [(prefix: String, outputs: Int)]
        let inputs: Int

        var weights: [Part] { layers.map { ("\($0.prefix).weight", $0.outputs) } }
        var biases: [Part] { layers.map { ("\($0.prefix).bias", $0.outputs) } }
    }

    struct Layer {
        let attentionNorm: String
        let queryKeyValue: Linear
        let queryNorm: Part
        let keyNorm: Part
        let output: Linear
        let mlpNorm: String
        let gateUp: Linear
        let down: Linear
    }

    private let config: LlamaConfig

    init(_ config: LlamaConfig) { self.config = config }

    var embedding: Part { ("model.embed_tokens.weight", config.dimensions.vocabularySize) }
    var head: Part { ("lm_head.weight", config.dimensions.vocabularySize) }
    let norm = "model.norm.weight"

    func layer(_ index: Int) -> Layer {
        let sizes = config.dimensions
        let prefix = "model.layers.\(index)"
        let (attention, mlp) = ("\(prefix).self_attn", "\(prefix).mlp")
        let (queries, keys) = (sizes.heads * sizes.headDim, sizes.kvHeads * sizes.headDim)
        return Layer(
            attentionNorm: "\(prefix).input_layernorm.weight",
            queryKeyValue: Linear(
                layers: [
                    ("\(attention).q_proj", queries), ("\(attention).k_proj", keys), ("\(attention).v_proj", keys),
                ],
                inputs: sizes.hiddenSize),
            queryNorm: ("\(attention).q_norm.weight", sizes.headDim),
            keyNorm: ("\(attention).k_norm.weight", sizes.headDim),
            output: Linear(layers: [("\(attention).o_proj", sizes.hiddenSize)], inputs: queries),
            mlpNorm: "\(prefix).post_attention_layernorm.weight",
            gateUp: Linear(
                layers: [("\(mlp).gate_proj", config.intermediateSize), ("\(mlp).up_proj", config.intermediateSize)],
                inputs: sizes.hiddenSize),
            down: Linear(layers: [("\(mlp).down_proj", sizes.hiddenSize)], inputs: config.intermediateSize))
    }

    /// Every tensor that a model of the config reads.
    var all: [TensorSpecification] {
        let hidden = config.dimensions.hiddenSize
        var all = [TensorSpecification(name: embedding.name, shape: [embedding.outputs, hidden])]
        func append(_ linear: Linear, biased: Bool) {
            all += linear.weights.map { TensorSpecification(name: $0.name, shape: [$0.outputs, linear.inputs]) }
            if biased { all += linear.biases.map { TensorSpecification(name: $0.name, shape: [$0.outputs]) } }
        }
        for index in 0..<config.dimensions.layers {
            let layer = layer(index)
            all.append(TensorSpecification(name: layer.attentionNorm, shape: [hidden]))
            append(layer.queryKeyValue, biased: config.queryKeyValueBias)
            if config.queryKeyNorm {
                all += [layer.queryNorm, layer.keyNorm].map { TensorSpecification(name: $0.name, shape: [$0.outputs]) }
            }
            append(layer.output, biased: config.outputBias)
            all.append(TensorSpecification(name: layer.mlpNorm, shape: [hidden]))
            append(layer.gateUp, biased: config.mlpBias)
            append(layer.down, biased: config.mlpBias)
        }
        all.append(TensorSpecification(name: norm, shape: [hidden]))
        if !config.dimensions.tiedEmbedding {
            all.append(TensorSpecification(name: head.name, shape: [head.outputs, hidden]))
        }
        return all
    }
}

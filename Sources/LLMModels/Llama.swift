public import LLMTensor
public import LLMWeights

/// The Llama family: RMSNorm, rotary positions, grouped-query attention, SwiGLU (Touvron et al. 2023), with the biases of
/// Qwen2 and the query and key norms of Qwen3.
public struct Llama: Architecture {
    /// The sizes that the engine needs.
    public let dimensions: ModelDimensions
    private let config: LlamaConfig
    private let embedding: PackedWeights  // [vocabulary, hidden]
    private let layers: [Layer]
    private let norm: [Float]  // [hidden]
    private let head: PackedWeights  // [vocabulary, hidden]

    private struct Layer: Sendable {
        let attentionNorm: [Float]  // [hidden]
        let queryKeyValue: PackedWeights  // [(heads + 2 kvHeads) * headDim, hidden]
        let queryKeyValueBias: [Float]?
        let queryNorm: [Float]?  // [headDim]
        let keyNorm: [Float]?  // [headDim]
        let output: PackedWeights  // [hidden, heads * headDim]
        let outputBias: [Float]?
        let mlpNorm: [Float]  // [hidden]
        let gateUp: PackedWeights  // [2 * intermediate, hidden]
        let gateUpBias: [Float]?
        let down: PackedWeights  // [hidden, intermediate]
        let downBias: [Float]?
    }

    /// Reads and packs the weights. - Throws: `ModelError`, naming the key or the tensor.
    public init(_ file: ConfigFile, _ tensors: any NamedTensors, on compute: Compute) throws(ModelError) {
        config = try LlamaConfig(file)
        dimensions = config.dimensions
        let names = LlamaTensorNames(config)
        let reader = TensorReader(tensors: tensors, compute: compute)
        let hidden = dimensions.hiddenSize
        embedding = try reader.matrix([names.embedding], inputs: hidden)
        var layers: [Layer] = []
        for index in 0..<dimensions.layers {
            let layer = names.layer(index)
            layers.append(
                Layer(
                    attentionNorm: try reader.vector(layer.attentionNorm, hidden),
                    queryKeyValue: try reader.matrix(layer.queryKeyValue.weights, inputs: hidden),
                    queryKeyValueBias: try reader.vector(layer.queryKeyValue.biases, if: config.queryKeyValueBias),
                    queryNorm: try reader.vector([layer.queryNorm], if: config.queryKeyNorm),
                    keyNorm: try reader.vector([layer.keyNorm], if: config.queryKeyNorm),
                    output: try reader.matrix(
                        layer.output.weights, inputs: dimensions.heads * dimensions.headDim),
                    outputBias: try reader.vector(layer.output.biases, if: config.outputBias),
                    mlpNorm: try reader.vector(layer.mlpNorm, hidden),
                    gateUp: try reader.matrix(layer.gateUp.weights, inputs: hidden),
                    gateUpBias: try reader.vector(layer.gateUp.biases, if: config.mlpBias),
                    down: try reader.matrix(layer.down.weights, inputs: config.intermediateSize),
                    downBias: try reader.vector(layer.down.biases, if: config.mlpBias)))
        }
        self.layers = layers
        norm = try reader.vector(names.norm, hidden)
        head = dimensions.tiedEmbedding ? embedding : try reader.matrix([names.head], inputs: hidden)
    }

    /// Computes the batch; see ``Architecture``.
    public func hiddenStates(
        _ batch: ForwardBatch, _ pages: KVPages, _ workspace: Workspace, on compute: Compute
    ) -> Matrix {
        let rows = batch.tokens.count
        let queryColumns = dimensions.heads * dimensions.headDim
        let keyColumns = dimensions.kvHeads * dimensions.headDim
        let x = workspace.matrix("x", rows: rows, columns: dimensions.hiddenSize)
        let normed = workspace.matrix("normed", rows: rows, columns: dimensions.hiddenSize)
        let queryKeyValue = workspace.matrix("qkv", rows: rows, columns: queryColumns + 2 * keyColumns)
        let attended = workspace.matrix("attended", rows: rows, columns: queryColumns)
        let gateUp = workspace.matrix("gateUp", rows: rows, columns: 2 * config.intermediateSize)
        let activated = workspace.matrix("activated", rows: rows, columns: config.intermediateSize)
        let query = queryKeyValue.columns(0..<queryColumns)
        let key = queryKeyValue.columns(queryColumns..<queryColumns + keyColumns)
        let value = queryKeyValue.columns(queryColumns + keyColumns..<queryColumns + 2 * keyColumns)
        let rotated = queryKeyValue.columns(0..<queryColumns + keyColumns)
        let angles = RotaryTable(positions: batch.positions, inverseFrequencies: config.inverseFrequencies)
        let plan = AttentionPlan(batch.sequences, heads: dimensions.heads, pages: pages)
        let scale = 1 / Float(dimensions.headDim).squareRoot()

        compute.gatherRows(embedding, batch.tokens, into: x)
        for (index, layer) in layers.enumerated() {
            compute.rmsNorm(x, weight: layer.attentionNorm, epsilon: config.normEpsilon, into: normed)
            compute.linear(normed, layer.queryKeyValue, bias: layer.queryKeyValueBias, into: queryKeyValue)
            if let queryNorm = layer.queryNorm, let keyNorm = layer.keyNorm {
                compute.rmsNorm(query, weight: queryNorm, epsilon: config.normEpsilon, into: query)
                compute.rmsNorm(key, weight: keyNorm, epsilon: config.normEpsilon, into: key)
            }
            compute.rope(rotated, headDim: dimensions.headDim, angles)
            compute.writePages(keys: key, values: value, slots: batch.slots, pages: pages, layer: index)
            compute.attention(query, plan, pages: pages, layer: index, scale: scale, into: attended)
            compute.linear(attended, layer.output, bias: layer.outputBias, into: x, accumulate: true)

            compute.rmsNorm(x, weight: layer.mlpNorm, epsilon: config.normEpsilon, into: normed)
            compute.linear(normed, layer.gateUp, bias: layer.gateUpBias, into: gateUp)
            compute.siluMultiply(gateUp, into: activated)
            compute.linear(activated, layer.down, bias: layer.downBias, into: x, accumulate: true)
        }
        let wanted = workspace.matrix("output", rows: batch.outputRows.count, columns: dimensions.hiddenSize)
        compute.copyRows(x, batch.outputRows, into: wanted)
        compute.rmsNorm(wanted, weight: norm, epsilon: config.normEpsilon, into: wanted)
        return wanted
    }

    /// The logits of hidden states, `[rows, vocabulary]`.
    public func logits(_ hiddenStates: Matrix, _ workspace: Workspace, on compute: Compute) -> Matrix {
        let logits = workspace.matrix("logits", rows: hiddenStates.rows, columns: dimensions.vocabularySize)
        compute.linear(hiddenStates, head, into: logits)
        return logits
    }

    /// The sizes that a config says.
    public static func dimensions(_ config: ConfigFile) throws(ModelError) -> ModelDimensions {
        try LlamaConfig(config).dimensions
    }

    /// The tensors that a model of this config reads.
    public static func tensors(_ config: ConfigFile) throws(ModelError) -> [TensorSpecification] {
        LlamaTensorNames(try LlamaConfig(config)).all
    }
}

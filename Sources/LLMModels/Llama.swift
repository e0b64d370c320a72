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
    private let norm: RMSNorm
    private let head: PackedWeights  // [vocabulary, hidden]

    private struct Layer: Sendable {
        let attentionNorm: RMSNorm
        let queryKeyValue: PackedWeights  // [(heads + 2 kvHeads) * headDim, hidden]
        let queryKeyValueBias: [Float]?
        let queryNorm: RMSNorm?  // of each head
        let keyNorm: RMSNorm?
        let output: PackedWeights  // [hidden, heads * headDim]
        let outputBias: [Float]?
        let mlpNorm: RMSNorm
        let gateUp: PackedWeights  // [2 * intermediate, hidden], gated
        let gateUpBias: [Float]?
        let down: PackedWeights  // [hidden, intermediate]
        let downBias: [Float]?
    }

    /// The matrices of the layers, in order, then the output head.
    public var linearLayers: [PackedWeights] {
        layers.flatMap { [$0.queryKeyValue, $0.output, $0.gateUp, $0.down] } + [head]
    }

    /// Reads and packs the weights; see ``Architecture``. - Throws: `ModelError`, naming the key or the tensor.
    public init(
        _ file: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat, on compute: Compute
    ) throws(ModelError) {
        config = try LlamaConfig(file)
        dimensions = config.dimensions
        let names = LlamaTensorNames(config)
        let reader = TensorReader(tensors: tensors, format: format, compute: compute)
        let (hidden, epsilon) = (dimensions.hiddenSize, config.normEpsilon)
        let headNorms = config.queryKeyNorm
        func headNorm(_ part: LlamaTensorNames.Part) throws(ModelError) -> RMSNorm? {
            headNorms ? try reader.norm(part.name, part.outputs, epsilon: epsilon) : nil
        }
        embedding = try reader.matrix([names.embedding], inputs: hidden)
        var layers: [Layer] = []
        for index in 0..<dimensions.layers {
            let layer = names.layer(index)
            layers.append(
                Layer(
                    attentionNorm: try reader.norm(layer.attentionNorm, hidden, epsilon: epsilon),
                    queryKeyValue: try reader.matrix(layer.queryKeyValue.weights, inputs: hidden),
                    queryKeyValueBias: try reader.vector(layer.queryKeyValue.biases, if: config.queryKeyValueBias),
                    queryNorm: try headNorm(layer.queryNorm),
                    keyNorm: try headNorm(layer.keyNorm),
                    output: try reader.matrix(
                        layer.output.weights, inputs: dimensions.heads * dimensions.headDim),
                    outputBias: try reader.vector(layer.output.biases, if: config.outputBias),
                    mlpNorm: try reader.norm(layer.mlpNorm, hidden, epsilon: epsilon),
                    gateUp: try reader.matrix(layer.gateUp.weights, inputs: hidden, .gated),
                    gateUpBias: try reader.vector(layer.gateUp.biases, if: config.mlpBias),
                    down: try reader.matrix(layer.down.weights, inputs: config.intermediateSize),
                    downBias: try reader.vector(layer.down.biases, if: config.mlpBias)))
        }
        self.layers = layers
        norm = try reader.norm(names.norm, hidden, epsilon: epsilon)
        head = dimensions.tiedEmbedding ? embedding : try reader.matrix([names.head], inputs: hidden)
    }

    /// Computes the batch; see ``Architecture``.
    public func hiddenStates(
        _ batch: ForwardBatch, _ pages: KVPages, _ workspace: Workspace, on compute: Compute
    ) -> Matrix {
        let angles = RotaryTable(positions: batch.positions, inverseFrequencies: config.inverseFrequencies)
        let plan = AttentionPlan(batch.sequences, heads: dimensions.heads, pages: pages)
        var x = workspace.matrix("x", rows: batch.tokens.count, columns: dimensions.hiddenSize)
        compute.gatherRows(embedding, batch.tokens, into: x)
        for index in layers.indices {
            var query = queries(index, x, angles, batch, pages, workspace, on: compute)
            var queryPlan = plan
            // Of the last layer's rows, those that nobody asked for have done their part: their keys and values are kept.
            if index == layers.count - 1, batch.outputRows.count < x.rows {
                x = wanted(x, "x of output rows", batch, workspace, on: compute)
                query = wanted(query, "query of output rows", batch, workspace, on: compute)
                queryPlan = AttentionPlan(batch.outputSequences, heads: dimensions.heads, pages: pages)
            }
            attend(index, query, queryPlan, pages, x, workspace, on: compute)
            feedForward(index, x, workspace, on: compute)
        }
        // Where every row is wanted, in order, x holds them.
        let output = workspace.matrix("output", rows: x.rows, columns: dimensions.hiddenSize)
        compute.rmsNorm(x, norm, into: output)
        return output
    }

    /// Keys and values of the rows go to the pages; their queries, rotated, are returned.
    private func queries(
        _ index: Int, _ x: Matrix, _ angles: RotaryTable, _ batch: ForwardBatch, _ pages: KVPages,
        _ workspace: Workspace, on compute: Compute
    ) -> Matrix {
        let layer = layers[index]
        let queryColumns = dimensions.heads * dimensions.headDim
        let keyColumns = dimensions.kvHeads * dimensions.headDim
        let all = workspace.matrix("qkv", rows: x.rows, columns: queryColumns + 2 * keyColumns)
        let query = all.columns(0..<queryColumns)
        let key = all.columns(queryColumns..<queryColumns + keyColumns)
        let value = all.columns(queryColumns + keyColumns..<queryColumns + 2 * keyColumns)

        let input = compute.activations(x, norm: layer.attentionNorm, for: layer.queryKeyValue, in: workspace.input)
        compute.linear(input, layer.queryKeyValue, bias: layer.queryKeyValueBias, into: all)
        if let queryNorm = layer.queryNorm, let keyNorm = layer.keyNorm {
            compute.rmsNorm(query, queryNorm, into: query)
            compute.rmsNorm(key, keyNorm, into: key)
        }
        compute.rope(all.columns(0..<queryColumns + keyColumns), headDim: dimensions.headDim, angles)
        compute.writePages(keys: key, values: value, slots: batch.slots, pages: pages, layer: index)
        return query
    }

    /// Adds the attention's output to `x`.
    private func attend(
        _ index: Int, _ query: Matrix, _ plan: AttentionPlan, _ pages: KVPages, _ x: Matrix, _ workspace: Workspace,
        on compute: Compute
    ) {
        let layer = layers[index]
        let attended = workspace.matrix("attended", rows: query.rows, columns: query.columns)
        let scale = 1 / Float(dimensions.headDim).squareRoot()
        compute.attention(query, plan, pages: pages, layer: index, scale: scale, into: attended)
        let input = compute.activations(attended, for: layer.output, in: workspace.input)
        compute.linear(input, layer.output, bias: layer.outputBias, into: x, .add)
    }

    /// Adds the MLP's output to `x`.
    private func feedForward(_ index: Int, _ x: Matrix, _ workspace: Workspace, on compute: Compute) {
        let layer = layers[index]
        let activated = workspace.matrix("activated", rows: x.rows, columns: config.intermediateSize)
        let input = compute.activations(x, norm: layer.mlpNorm, for: layer.gateUp, in: workspace.input)
        compute.linear(input, layer.gateUp, bias: layer.gateUpBias, into: activated)
        let middle = compute.activations(activated, for: layer.down, in: workspace.input)
        compute.linear(middle, layer.down, bias: layer.downBias, into: x, .add)
    }

    /// The batch's output rows of `x`, copied.
    private func wanted(
        _ x: Matrix, _ name: String, _ batch: ForwardBatch, _ workspace: Workspace, on compute: Compute
    ) -> Matrix {
        let rows = workspace.matrix(name, rows: batch.outputRows.count, columns: x.columns)
        compute.copyRows(x, batch.outputRows, into: rows)
        return rows
    }

    /// The logits of hidden states, `[rows, vocabulary]`.
    public func logits(_ hiddenStates: Matrix, _ workspace: Workspace, on compute: Compute) -> Matrix {
        let logits = workspace.matrix("logits", rows: hiddenStates.rows, columns: dimensions.vocabularySize)
        compute.linear(compute.activations(hiddenStates, for: head, in: workspace.input), head, into: logits)
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

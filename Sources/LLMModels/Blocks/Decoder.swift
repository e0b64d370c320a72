public import LLMTensor
import LLMWeights

/// A transformer decoder: token ids and cached keys and values in, hidden states and logits out.
///
/// What it computes for a row depends on that row's sequence up to its position and on nothing else in the batch, bit for
/// bit (law 1 of the design); the shared suite checks it for every row of ``Architectures``.
public struct Decoder: Sendable, BuiltModel {
    /// The sizes that the engine needs.
    public let dimensions: ModelDimensions
    /// What the user should know of how the checkpoint was read, a line each.
    public private(set) var warnings: [String] = []
    /// What the layers cache.
    public private(set) var cacheLayout = CacheLayout()
    /// The matrices that every step reads, in order, the output head last.
    public private(set) var linearLayers: [PackedWeights] = []
    private let embedding: Linear  // [vocabulary, hidden]
    private let embeddingScale: Float?
    private let embeddingNorm: Norm?
    private let positions: Linear?  // [firstPosition + maxPositions, hidden]
    private let firstPosition: Int
    private let stack: any LayerStack
    private let norm: Norm
    private let head: Linear?  // [vocabulary or labels, hidden]
    private let logitScale: Float?
    private let softcap: Float?

    /// What the output head predicts.
    public enum Head: Sendable, Hashable {
        /// The next token.
        case tokens
        /// So many labels of the text, from its last token.
        case labels(Int)
        /// Nothing: the checkpoint has no head.
        case none
    }

    /// What the output head predicts.
    public let predicts: Head

    /// Reads the embedding, the layers, the last norm and the output head.
    ///
    /// - Parameters:
    ///   - embeddingScale: what embeddings are multiplied by; nil for 1.
    ///   - normsEmbeddings: whether embeddings have a norm before the first layer.
    ///   - firstPosition: the row of the first of learned positions, which are added to embeddings; nil for none.
    ///   - logitScale: what logits are multiplied by, before they are soft-capped; nil for 1.
    ///   - softcap: the bound of soft-capped logits; nil for none.
    ///   - headBias: whether the output head has a bias.
    ///   - names: of the tensors.
    ///   - stack: makes the layers.
    init(
        _ model: ModelBuilder, _ sizes: DecoderSizes, norm style: NormStyle, embeddingScale: Float? = nil,
        normsEmbeddings: Bool = false, firstPosition: Int? = nil, logitScale: Float? = nil, softcap: Float? = nil,
        headBias: Bool = false,
        names: Names = Names(), stack makeStack: (ModelBuilder) throws -> any LayerStack
    ) throws {
        let (hidden, vocabulary) = (sizes.hidden, sizes.vocabulary)
        predicts = Decoder.head(model, sizes, names)
        let isTied = try predicts == .tokens && Decoder.isTied(model, sizes, names)
        var dimensions = sizes.dimensions
        dimensions.tiedEmbedding = isTied
        self.dimensions = dimensions
        embedding = try model.linear(names.embedding, inputs: hidden, outputs: vocabulary, isRead: false)
        embeddingNorm = normsEmbeddings ? try model.norm(names.embeddingNorm, hidden, style) : nil
        self.firstPosition = firstPosition ?? 0
        positions = try firstPosition.map {
            try model.linear(
                names.positions, inputs: hidden, outputs: dimensions.maxPositions + $0, exact: true, isRead: false)
        }
        stack = try makeStack(model)
        norm = try model.norm(names.norm, hidden, style)
        head =
            switch predicts {
            case .tokens where isTied: embedding
            case .tokens: try model.linear(names.head, inputs: hidden, outputs: vocabulary, bias: headBias)
            case .labels(let count): try model.linear("score", inputs: hidden, outputs: count)
            case .none: nil
            }
        self.embeddingScale = embeddingScale
        self.logitScale = logitScale
        self.softcap = softcap
    }

    /// The same with layers that work one after another on one residual stream.
    ///
    /// - Parameter layer: makes the layer of an index.
    init(
        _ model: ModelBuilder, _ sizes: DecoderSizes, norm style: NormStyle, embeddingScale: Float? = nil,
        normsEmbeddings: Bool = false, firstPosition: Int? = nil, logitScale: Float? = nil, softcap: Float? = nil,
        headBias: Bool = false,
        names: Names = Names(), layer: (ModelBuilder, Int) throws -> DecoderLayer
    ) throws {
        try self.init(
            model, sizes, norm: style, embeddingScale: embeddingScale, normsEmbeddings: normsEmbeddings,
            firstPosition: firstPosition, logitScale: logitScale, softcap: softcap, headBias: headBias, names: names
        ) { PlainStack(layers: try $0.layers(names.layers, sizes.layers, layer)) }
    }

    private static func head(_ model: ModelBuilder, _ sizes: DecoderSizes, _ names: Names) -> Head {
        if let labels = model.record.labels { return .labels(labels) }
        return sizes.isTied || !model.isBaseModel || model.has("\(names.head).weight") ? .tokens : .none
    }

    /// Whether the output head is the embedding. As in `transformers` 5, a config that says so is wrong where the
    /// checkpoint has both and they differ: the matrices are what was trained.
    private static func isTied(_ model: ModelBuilder, _ sizes: DecoderSizes, _ names: Names) throws -> Bool {
        let (head, embedding) = ("\(names.head).weight", "\(names.embedding).weight")
        guard sizes.isTied, try model.differ(head, embedding) else { return sizes.isTied }
        model.warn(
            "config.json ties the output head to the embedding, but '\(head)' and '\(embedding)' differ; both are used")
        return false
    }

    /// Takes what building the model has recorded.
    mutating func finish(_ record: ModelBuilder.Record) {
        warnings = record.warnings
        cacheLayout = record.layout
        linearLayers = record.linearLayers
        if record.source != nil, dimensions.tiedEmbedding, let head { linearLayers.append(head.weights) }
    }

    /// The names of a decoder's own tensors.
    struct Names {
        var embedding = "model.embed_tokens"
        var embeddingNorm = "model.embed_norm"
        var positions = "model.embed_positions"
        var layers = "model.layers"
        var norm = "model.norm"
        var head = "lm_head"
    }

    /// Computes the batch, writing its keys and values to the cache: the hidden states after the last norm, of the batch's
    /// output rows, `[outputRows, hidden]`.
    ///
    /// The result lies in the workspace and lasts until the next batch.
    ///
    /// - Parameter observer: sees what every linear layer reads, and what the output head would.
    public func hiddenStates(
        _ batch: ForwardBatch, _ cache: KVCache, _ workspace: Workspace, on compute: Compute,
        observer: LinearObserver? = nil
    ) -> Matrix {
        precondition(cache.layout == cacheLayout, "the cache is for another model")
        workspace.reset()
        let context = ForwardContext(batch, cache, workspace, on: compute, observer: observer)
        let x = workspace.matrix(rows: batch.tokens.count, columns: dimensions.hiddenSize)
        compute.gatherRows(embedding.weights, batch.tokens, into: x)
        if let embeddingScale { compute.scale(x, by: embeddingScale) }
        embeddingNorm?(x, into: x, context)
        if let positions {
            workspace.scope {
                let learned = workspace.matrix(rows: x.rows, columns: x.columns)
                let rows = batch.positions.map { $0 + Int32(firstPosition) }
                compute.gatherRows(positions.weights, rows, into: learned)
                compute.add(learned, to: x)
            }
        }
        let states = norm(stack(x, context), context)
        if let head { observer?(head.tensors, states) }
        return states
    }

    /// The logits of hidden states, `[rows, vocabulary]`, in the workspace.
    ///
    /// - Precondition: the head predicts tokens.
    public func logits(_ hiddenStates: Matrix, _ workspace: Workspace, on compute: Compute) -> Matrix {
        guard let head, predicts == .tokens else { preconditionFailure("a model that predicts no tokens") }
        let logits = workspace.matrix(rows: hiddenStates.rows, columns: dimensions.vocabularySize)
        let weights = head.weights
        let input = compute.activations(hiddenStates, for: weights, in: workspace.input)
        compute.linear(input, weights, bias: head.bias, into: logits)
        if let logitScale { compute.scale(logits, by: logitScale) }
        if let softcap { compute.softcap(logits, softcap) }
        return logits
    }

    /// The part of the output head that yields the logits of some tokens, or labels; nil where the checkpoint has no head.
    public func head(of outputs: [Int32], on compute: Compute) -> OutputRows? {
        guard let head else { return nil }
        let rows = Matrix(rows: outputs.count, columns: dimensions.hiddenSize)
        compute.gatherRows(head.weights, outputs, into: rows)
        let predictsTokens = predicts == .tokens
        return OutputRows(
            linear: ExactLinear(
                rows: outputs.indices.map { rows.row($0) },
                bias: head.bias.map { bias in outputs.map { bias[Int($0)] } }),
            scale: predictsTokens ? logitScale : nil, softcap: predictsTokens ? softcap : nil)
    }
}

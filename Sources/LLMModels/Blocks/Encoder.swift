public import LLMTensor
import LLMWeights

/// A transformer encoder: the token ids of whole texts in, hidden states and scores out.
///
/// Every token sees its whole text, or a window around it. What is computed for a text depends on that text and on
/// nothing else in the batch, bit for bit (law 1 of the design).
public struct Encoder: Sendable, BuiltModel {
    /// The sizes that the engine needs. There are no logits and no output head.
    public let dimensions: ModelDimensions
    /// What the user should know of how the checkpoint was read, a line each.
    public private(set) var warnings: [String] = []
    /// The matrices that every batch reads, in order.
    public private(set) var linearLayers: [PackedWeights] = []
    private var layout = CacheLayout()
    private let words: Linear  // [vocabulary, hidden]
    private let tokenTypes: Linear?  // [types, hidden]
    private let positions: Linear?  // [positions, hidden]
    private let padding: Int32?
    private let embeddingNorm: Norm
    private let layers: [DecoderLayer]
    private let norm: Norm?
    private let classifier: SequenceClassifier?

    /// Labels that ``scores(_:_:_:on:)`` are of; nil where the model has no head that scores texts.
    public var labels: Int? { classifier?.labels }

    /// Types of tokens that are told apart; 1 where none are.
    public var tokenTypeCount: Int { tokenTypes.map { max(1, $0.columns) } ?? 1 }

    /// The names of an encoder's own tensors: BERT's.
    struct Names {
        var words = "embeddings.word_embeddings"
        var tokenTypes = "embeddings.token_type_embeddings"
        var positions = "embeddings.position_embeddings"
        var embeddingNorm = "embeddings.LayerNorm"
        var layers = "encoder.layer"
        var norm = "final_norm"
    }

    /// Learned positions, which are added to embeddings.
    enum Positions {
        case none
        /// A row of the table for each.
        case learned
        /// Likewise, after the row of the padding token, which has that one wherever it is (RoBERTa).
        case after(padding: Int32)
    }

    /// Reads the embeddings and the layers.
    ///
    /// - Parameters:
    ///   - tokenTypes: rows of the table of token types; 0 for none.
    ///   - lastNorm: whether the last layer's rows have a norm of the same style.
    ///   - classifier: of the whole checkpoint, of which the encoder itself may be a part.
    init(
        _ model: ModelBuilder, _ sizes: DecoderSizes, norm style: NormStyle, tokenTypes: Int = 0,
        positions: Positions = .none, lastNorm: Bool = false, classifier: SequenceClassifier?, names: Names = Names(),
        layer: (ModelBuilder, Int) throws -> DecoderLayer
    ) throws {
        let hidden = sizes.hidden
        func table(_ name: String, _ rows: Int) throws(ModelError) -> Linear {
            try model.linear(name, inputs: hidden, outputs: rows, exact: true, isRead: false)
        }
        words = try model.linear(names.words, inputs: hidden, outputs: sizes.vocabulary, isRead: false)
        self.tokenTypes = tokenTypes > 0 ? try table(names.tokenTypes, tokenTypes) : nil
        let rows = sizes.dimensions.maxPositions
        switch positions {
        case .none: (self.positions, padding) = (nil, nil)
        case .learned: (self.positions, padding) = (try table(names.positions, rows), nil)
        case .after(let token): (self.positions, padding) = (try table(names.positions, rows), token)
        }
        dimensions = sizes.dimensions.ofEncoder(maxPositions: rows - (padding.map { Int($0) + 1 } ?? 0))
        embeddingNorm = try model.norm(names.embeddingNorm, hidden, style)
        layers = try model.layers(names.layers, sizes.layers, layer)
        norm = lastNorm ? try model.norm(names.norm, hidden, style) : nil
        self.classifier = classifier
    }

    /// Takes what building the model has recorded.
    mutating func finish(_ record: ModelBuilder.Record) {
        warnings = record.warnings
        layout = record.layout
        linearLayers = record.linearLayers
    }

    /// The hidden states of every row after the last norm, `[rows, hidden]`. They lie in the workspace and last until
    /// the next batch.
    ///
    /// - Precondition: token ids are below `dimensions.vocabularySize`, and no text is longer than
    ///   `dimensions.maxPositions`.
    public func hiddenStates(_ batch: EncoderBatch, _ workspace: Workspace, on compute: Compute) -> Matrix {
        precondition(batch.texts.allSatisfy { $0.count <= dimensions.maxPositions }, "a text that is too long")
        workspace.reset()
        let context = context(batch, workspace, on: compute)
        var x = workspace.matrix(rows: batch.tokens.count, columns: dimensions.hiddenSize)
        compute.gatherRows(words.weights, batch.tokens, into: x)
        if let tokenTypes { add(tokenTypes, types(of: batch, rows: tokenTypes.columns), to: x, context) }
        if let positions { add(positions, positionRows(batch, context.batch.positions), to: x, context) }
        embeddingNorm(x, into: x, context)
        for layer in layers { x = layer(x, .all, context) }
        norm?(x, into: x, context)
        return x
    }

    /// What the classification head makes of the hidden states of a batch, `[texts, labels]`, in the workspace: logits,
    /// to which no activation was applied. Nil where the model has no such head.
    public func scores(_ states: Matrix, _ batch: EncoderBatch, _ workspace: Workspace, on compute: Compute) -> Matrix?
    {
        classifier?(states, batch.texts, context(batch, workspace, on: compute))
    }

    /// Keys and values live as long as the batch, as float32.
    private func context(_ batch: EncoderBatch, _ workspace: Workspace, on compute: Compute) -> ForwardContext {
        let cache = KVCache(
            layout, blockSize: EncoderBatch.blockSize, dtype: .float32,
            blockCounts: layout.groups.map { _ in batch.blockCount })
        return ForwardContext(batch.forwardBatch(groups: layout.groups.count), cache, workspace, on: compute)
    }

    /// Adds rows of a table to the rows of `x`.
    private func add(_ table: Linear, _ rows: [Int32], to x: Matrix, _ context: ForwardContext) {
        context.workspace.scope {
            let learned = context.workspace.matrix(rows: x.rows, columns: x.columns)
            context.compute.gatherRows(table.weights, rows, into: learned)
            context.compute.add(learned, to: x)
        }
    }

    /// The rows of the table of token types; a table of one tells none apart.
    private func types(of batch: EncoderBatch, rows: Int) -> [Int32] {
        let types = rows > 1 ? batch.tokenTypes : nil
        return types ?? Array(repeating: 0, count: batch.tokens.count)
    }

    /// The rows of the table of positions.
    private func positionRows(_ batch: EncoderBatch, _ positions: [Int32]) -> [Int32] {
        guard let padding else { return positions }
        return batch.texts.flatMap { text in
            var last = padding
            return text.map { row in
                guard batch.tokens[row] != padding else { return padding }
                last += 1
                return last
            }
        }
    }
}

extension ModelDimensions {
    /// The same for a model without an output head, whose texts may have so many tokens.
    fileprivate func ofEncoder(maxPositions: Int) -> ModelDimensions {
        ModelDimensions(
            vocabularySize: vocabularySize, hiddenSize: hiddenSize, layers: layers, heads: heads, kvHeads: kvHeads,
            headDim: headDim, maxPositions: maxPositions, tiedEmbedding: false)
    }
}

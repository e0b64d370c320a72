public import LLMTensor
public import LLMWeights

/// The sizes of a model that the engine around it needs.
public struct ModelDimensions: Sendable, Hashable {
    /// Tokens there are logits for.
    public let vocabularySize: Int
    /// Width of the residual stream.
    public let hiddenSize: Int
    /// Transformer layers.
    public let layers: Int
    /// Query heads.
    public let heads: Int
    /// Key and value heads; each serves `heads / kvHeads` query heads.
    public let kvHeads: Int
    /// Elements of a head.
    public let headDim: Int
    /// Positions the model was made for: the longest prompt and output together.
    public let maxPositions: Int
    /// Whether the output head is the embedding.
    public let tiedEmbedding: Bool
}

/// A tensor that an architecture reads from a checkpoint.
public struct TensorSpecification: Sendable, Hashable {
    /// The name in a Hugging Face checkpoint.
    public let name: String
    /// Sizes from the outermost dimension to the innermost.
    public let shape: [Int]
}

/// A transformer decoder: token ids and pages in, hidden states and logits out.
///
/// What an architecture computes for a row depends on that row's sequence up to its position and on nothing else in
/// the batch, bit for bit (law 1 of the design); the shared suite checks it for every row of ``Architectures``.
public protocol Architecture: Sendable {
    /// The sizes that the engine needs.
    var dimensions: ModelDimensions { get }

    /// The sizes that a config says.
    static func dimensions(_ config: ConfigFile) throws(ModelError) -> ModelDimensions

    /// The tensors that a model of this config reads.
    static func tensors(_ config: ConfigFile) throws(ModelError) -> [TensorSpecification]

    /// The linear layers that every step reads, in order, the output head last. A layer's weights count as many times as
    /// a step reads them.
    var linearLayers: [PackedWeights] { get }

    /// Reads the weights and packs its matrices, embedding and output head included, to `format`. Norms and biases stay
    /// float32. - Throws: `ModelError`.
    init(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat, on compute: Compute
    ) throws(ModelError)

    /// Computes the batch, writing its keys and values to the pages: the hidden states after the last norm, of the
    /// batch's output rows, `[outputRows, hidden]`.
    ///
    /// The result lies in the workspace and lasts until its next use.
    func hiddenStates(_ batch: ForwardBatch, _ pages: KVPages, _ workspace: Workspace, on compute: Compute) -> Matrix

    /// The logits of hidden states, `[rows, vocabulary]`, in the workspace.
    func logits(_ hiddenStates: Matrix, _ workspace: Workspace, on compute: Compute) -> Matrix
}

public import LLMTensor
public import LLMWeights

/// A tensor that an architecture reads from a checkpoint.
public struct TensorSpecification: Sendable, Hashable {
    /// The name in a Hugging Face checkpoint.
    public let name: String
    /// Sizes from the outermost dimension to the innermost.
    public let shape: [Int]
}

/// What a config makes of an architecture, without weights.
public struct ModelDescription: Sendable {
    /// The sizes that the engine needs.
    public let dimensions: ModelDimensions
    /// What the layers cache.
    public let cacheLayout: CacheLayout
    /// The tensors that the model reads, each once.
    public let tensors: [TensorSpecification]
}

/// An architecture the engine runs: how a decoder is put together from a config and named tensors.
public struct Architecture: Sendable {
    /// The name in `architectures` of `config.json`.
    public let name: String
    /// The `config.json` of a very small model, for tests.
    public let tinyConfig: String
    private let build: @Sendable (ConfigFile, ModelBuilder) throws -> Decoder

    /// - Parameters:
    ///   - tiny: the keys of a very small model's config besides those that all have, as JSON members.
    ///   - build: states every tensor once and returns the decoder made of them.
    init(_ name: String, tiny: String, _ build: @escaping @Sendable (ConfigFile, ModelBuilder) throws -> Decoder) {
        self.name = name
        self.build = build
        tinyConfig = """
            {"architectures": ["\(name)"], "vocab_size": 97, "hidden_size": 48, "intermediate_size": 80,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
             "max_position_embeddings": 512, \(tiny)}
            """
    }

    /// What a config makes of it, together with the checkpoint, if there is one.
    public func describe(
        _ config: ConfigFile, _ tensors: (any NamedTensors)? = nil
    ) throws(ModelError) -> ModelDescription {
        let stored = tensors.map(BaseModelTensors.named)
        let (decoder, record) = try decoder(config, ModelBuilder(nil, describing: stored))
        return ModelDescription(
            dimensions: decoder.dimensions, cacheLayout: record.layout, tensors: record.tensors)
    }

    /// Reads the weights and packs the matrices, embedding and output head included, to `format`. Norms and biases stay
    /// float32. - Throws: `ModelError`.
    public func load(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat = .stored, on compute: Compute
    ) throws(ModelError) -> Decoder {
        let source = ModelBuilder.Source(tensors: BaseModelTensors.named(tensors), format: format, compute: compute)
        return try decoder(config, ModelBuilder(source)).0
    }

    private func decoder(
        _ config: ConfigFile, _ builder: ModelBuilder
    ) throws(ModelError) -> (Decoder, ModelBuilder.Record) {
        do {
            builder.record.labels = try config.labels()
            var decoder = try build(config, builder)
            decoder.finish(builder.record)
            return (decoder, builder.record)
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError(.invalidConfig, "'\(config.path)': \(error)")
        }
    }
}

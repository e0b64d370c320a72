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
    /// What the layers cache; nothing of an encoder's.
    public let cacheLayout: CacheLayout
    /// The tensors that the model reads, each once.
    public let tensors: [TensorSpecification]
    /// Labels that texts are scored with; nil for none.
    public let labels: Int?
    /// Whether there is an output head that predicts tokens.
    public let predictsTokens: Bool
}

/// An architecture the engine runs: how a decoder or an encoder is put together from a config and named tensors.
public struct Architecture: Sendable {
    /// The name in `architectures` of `config.json`.
    public let name: String
    /// The `config.json` of a very small model, for tests.
    public let tinyConfig: String
    private let build: Build

    private enum Build: Sendable {
        case decoder(@Sendable (ConfigFile, ModelBuilder) throws -> Decoder)
        case encoder(@Sendable (ConfigFile, ModelBuilder) throws -> Encoder)
    }

    /// Whether it is an encoder, ``loadEncoder(_:_:_:on:)``, which embeds and scores texts and generates none.
    public var isEncoder: Bool { if case .encoder = build { true } else { false } }

    /// A decoder.
    ///
    /// - Parameters:
    ///   - tiny: the keys of a very small model's config besides those that all have, as JSON members.
    ///   - build: states every tensor once and returns the decoder made of them.
    init(_ name: String, tiny: String, _ build: @escaping @Sendable (ConfigFile, ModelBuilder) throws -> Decoder) {
        self.init(
            name, tiny: tiny,
            .decoder { config, model in
                try config.requireCausality()
                return try build(config, model)
            })
    }

    /// A decoder whose config has the keys of its text model, the usual ones of `tinyText` included, in `text_config`.
    init(_ name: String, tinyText: String, _ build: @escaping @Sendable (ConfigFile, ModelBuilder) throws -> Decoder) {
        self.init(
            name,
            tiny: """
                "text_config": {
                    "vocab_size": 97, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 2,
                    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, \(tinyText)}
                """, build)
    }

    /// An encoder, likewise.
    init(
        encoder name: String, tiny: String,
        _ build: @escaping @Sendable (ConfigFile, ModelBuilder) throws -> Encoder
    ) {
        self.init(name, tiny: tiny, .encoder(build))
    }

    private init(_ name: String, tiny: String, _ build: Build) {
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
        let builder = ModelBuilder(nil, describing: tensors.map(BaseModelTensors.named))
        switch build {
        case .decoder(let build):
            let decoder = try Architecture.built(config, builder, build)
            return ModelDescription(
                dimensions: decoder.dimensions, cacheLayout: builder.record.layout, tensors: builder.record.tensors,
                labels: builder.record.labels, predictsTokens: decoder.predicts == .tokens)
        case .encoder(let build):
            let encoder = try Architecture.built(config, builder, build)
            return ModelDescription(
                dimensions: encoder.dimensions, cacheLayout: CacheLayout(), tensors: builder.record.tensors,
                labels: encoder.labels, predictsTokens: false)
        }
    }

    /// Whether a config, with the tensors that there are, makes of another architecture the decoder that this one makes of
    /// its own: every number that it computes with, but for weights. False of encoders.
    package func makes(
        _ config: ConfigFile, _ tensors: any NamedTensors, as other: Architecture, _ otherConfig: ConfigFile,
        _ otherTensors: any NamedTensors
    ) throws(ModelError) -> Bool {
        guard case .decoder(let build) = build, case .decoder(let otherBuild) = other.build else { return false }
        let one = try Architecture.built(config, ModelBuilder(nil, describing: tensors), build)
        let two = try Architecture.built(otherConfig, ModelBuilder(nil, describing: otherTensors), otherBuild)
        // All fields of all its parts.
        return "\(one)" == "\(two)"
    }

    /// Reads the weights and packs the matrices, embedding and output head included, to `format`. Norms and biases stay
    /// float32. - Throws: `ModelError`, `unsupported` for an encoder.
    public func load(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat = .stored, on compute: Compute
    ) throws(ModelError) -> Decoder {
        guard case .decoder(let build) = build else {
            throw ModelError(
                .unsupported,
                "'\(config.path)': \(name) is an encoder, which generates no text; use it for embeddings and scores")
        }
        return try Architecture.loaded(config, tensors, format, compute, build)
    }

    /// The same of an encoder. - Throws: `ModelError`, `unsupported` for a decoder.
    public func loadEncoder(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat = .stored, on compute: Compute
    ) throws(ModelError) -> Encoder {
        guard case .encoder(let build) = build else {
            throw ModelError(.unsupported, "'\(config.path)': \(name) is a decoder, not an encoder")
        }
        return try Architecture.loaded(config, tensors, format, compute, build)
    }

    private static func loaded<Model: BuiltModel>(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat, _ compute: Compute,
        _ build: (ConfigFile, ModelBuilder) throws -> Model
    ) throws(ModelError) -> Model {
        let builder = ModelBuilder(
            ModelBuilder.Source(tensors: BaseModelTensors.named(tensors), format: format, compute: compute))
        var model = try built(config, builder, build)
        model.finish(builder.record)
        return model
    }

    private static func built<Model>(
        _ config: ConfigFile, _ builder: ModelBuilder, _ build: (ConfigFile, ModelBuilder) throws -> Model
    ) throws(ModelError) -> Model {
        do {
            builder.record.labels = try config.classifiesTexts ? config.labels() : nil
            return try build(config, builder)
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError(.invalidConfig, "'\(config.path)': \(error)")
        }
    }
}

/// What an architecture builds.
protocol BuiltModel {
    /// Takes what building it has recorded.
    mutating func finish(_ record: ModelBuilder.Record)
}

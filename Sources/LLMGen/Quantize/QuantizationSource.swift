import LLMJSON
import LLMModels
import LLMTemplate
import LLMTensor
import LLMTokenizer
import LLMWeights

/// A model that is to be written as a GGUF file: metadata in GGUF's keys, tensors under GGUF's names.
struct QuantizationSource {
    /// A tensor, and where its rows come from.
    struct Tensor {
        let name: String
        let shape: [Int]
        /// Bytes where it is stored.
        let byteCount: Int
        let view: () throws -> TensorView
        /// The stored row that becomes a row of the file; nil for the same.
        var row: (@Sendable (Int) -> Int)?
    }

    /// The metadata but for those of quantization.
    let metadata: [GGUFWriter.Entry]
    let tensors: [Tensor]
    /// Layers of the model.
    let layers: Int
    /// What the file cannot say but readers can do without, a line each.
    var notes: [String] = []
}

extension QuantizationSource {
    /// A GGUF file: everything as it is, but for what says how it is stored.
    init(_ file: GGUFFile) throws {
        let values = file.metadata
        // What llmgen cannot read it cannot write either.
        _ = try GGUFModel(file)
        var metadata: [GGUFWriter.Entry] = []
        let own: Set<String> = ["general.file_type", "general.quantization_version", "general.alignment"]
        for key in values.keys where !own.contains(key) && !key.hasPrefix("split.") {
            if let value = try values.stored(key) { metadata.append((key, value)) }
        }
        let architecture = try values.string("general.architecture")
        self.metadata = metadata
        layers = try values.integer("\(architecture).block_count", in: 0...1 << 20)
        tensors = file.tensors.map { info in
            Tensor(name: info.name, shape: info.shape, byteCount: info.byteCount) { try file.tensor(named: info.name) }
        }
    }

    /// A folder in Hugging Face's layout.
    init(_ source: FolderSource) throws {
        let config = try source.config()
        let checkpoint = try source.tensors()
        let hub = try Architectures.architecture(config)
        let model = try hub.describe(config, checkpoint)
        let sizes = model.dimensions
        let architecture = try QuantizationSource.architecture(hub, config)
        let windows = model.cacheLayout.groups.map(\.window)
        guard windows == [nil] || (windows.count == 1 && hub.name == "MistralForCausalLM") else {
            throw QuantizationSource.inexpressible(config, "layers with a window")
        }
        let (theta, scaling) = try RotaryScaling.read(config)
        let rotation = try QuantizationSource.rotation(scaling, config)
        let factors = rotation.factors(theta: theta, headDim: sizes.headDim)
        if case .llama3 = rotation, factors == nil {
            throw QuantizationSource.inexpressible(config, "the numbers of its llama3 rotary positions")
        }
        let resolved: [String: JSONValue] = [
            "num_key_value_heads": .integer(sizes.kvHeads), "head_dim": .integer(sizes.headDim),
            "rope_theta": .number(theta),
        ]
        var entries = architecture.metadata(
            vocabularySize: sizes.vocabularySize, headDim: sizes.headDim, window: windows[0], rotation: rotation
        ) { resolved[$0] ?? config.field($0) }
        entries.insert(("general.name", .string(source.name)), at: 1)
        let (own, notes) = try QuantizationSource.text(source, config, vocabularySize: sizes.vocabularySize)
        metadata = entries + own
        self.notes = notes
        layers = sizes.layers
        let heads = InterleavedHeads(queries: sizes.heads, keys: sizes.kvHeads)
        var tensors: [Tensor] = []
        for tensor in model.tensors {
            guard let name = GGUFArchitecture.name(ofHubTensor: tensor.name) else {
                throw QuantizationSource.inexpressible(config, "the tensor \(tensor.name.quoted)")
            }
            let stored = try checkpoint.tensor(named: tensor.name)
            guard stored.shape == tensor.shape else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "tensor '\(tensor.name)' has shape \(stored.shape), but config.json makes it \(tensor.shape); "
                        + "check that config.json belongs to these weights")
            }
            let count = architecture.interleavesHeads ? heads.count(ofTensor: tensor.name) : nil
            let row = count.map { InterleavedHeads.hubRow(rows: tensor.shape[0], heads: $0) }
            let isVector = tensor.shape.count == 1
            tensors.append(
                Tensor(
                    name: name, shape: tensor.shape, byteCount: stored.byteCount,
                    view: {
                        let view = try checkpoint.tensor(named: tensor.name)
                        guard isVector, let row else { return view }
                        return view.reorderingRows(row)
                    }, row: isVector ? nil : row))
        }
        if let factors {
            let view = TensorView(shape: [factors.count], dtype: .float32, repeating: factors)
            tensors.append(
                Tensor(name: GGUFArchitecture.factorsName, shape: view.shape, byteCount: view.byteCount) { view })
        }
        self.tensors = tensors
    }

    private static func architecture(_ hub: Architecture, _ config: ConfigFile) throws(LLMGenError) -> GGUFArchitecture
    {
        // Mistral's files are Llama's with a window.
        let name = hub.name == "MistralForCausalLM" ? "LlamaForCausalLM" : hub.name
        if let row = GGUFArchitecture.written.first(where: { $0.hubName == name }) { return row }
        throw LLMGenError(
            code: .invalidInput,
            message: "'\(config.path)': architecture \(hub.name) cannot be written to GGUF files; "
                + "those that can are MistralForCausalLM, \(GGUFArchitecture.written.map(\.hubName).joined(separator: ", "))"
        )
    }

    private static func rotation(_ scaling: RotaryScaling, _ config: ConfigFile) throws(LLMGenError) -> GGUFRotation {
        switch scaling {
        case .none: return .plain
        case .linear(let factor): return .linear(factor: factor)
        case .llama3(let factor, 1, 4, let original): return .llama3(Llama3Scaling(factor: factor, original: original))
        case .yarn(let yarn) where yarn.isUsual:
            return .yarn(factor: yarn.factor, original: yarn.originalPositions)
        default: throw inexpressible(config, "the numbers of its rotary positions")
        }
    }

    private static func inexpressible(_ config: ConfigFile, _ what: String) -> LLMGenError {
        LLMGenError(
            code: .invalidInput,
            message: "'\(config.path)': \(what) cannot be said in a GGUF file; keep the safetensors checkpoint")
    }
}

extension QuantizationSource {
    /// The keys of the tokenizer, the chat templates and sampling, and what they leave out.
    private static func text(
        _ source: FolderSource, _ config: ConfigFile, vocabularySize: Int
    ) throws -> ([GGUFWriter.Entry], [String]) {
        let generation = try source.generationConfig()
        var entries = try GGUFModel.sampling(
            number: { name throws(ModelError) in
                if name == "temperature", generation?.field("do_sample") == .flag(false) { return 0 }
                return try generation?.optional(name, .number)
            }, topK: try generation?.optional("top_k", .integer(in: 0...Int(Int32.max))))
        var notes: [String] = []
        let all = 0...vocabularySize - 1
        var ends = try (generation ?? config).integers("eos_token_id", in: all)
        if ends.isEmpty { ends = try config.integers("eos_token_id", in: all) }
        if var vocabulary = try TokenizerFile.vocabulary(of: source.folder) {
            guard vocabulary.tokens.count <= vocabularySize else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "'\(source.folder.path)': the tokenizer has \(vocabulary.tokens.count) tokens, the embedding "
                        + "\(vocabularySize) rows, and a GGUF file has as many of both; use a tokenizer that fits")
            }
            vocabulary.pad(to: vocabularySize)
            if let own = vocabulary.eos.map(Int.init) { ends = [own] + ends.filter { $0 != own } }
            entries += vocabulary.metadata
        } else {
            notes.append("the folder has no tokenizer, so that the file has none; llama.cpp needs one")
        }
        for (name, id) in zip(["eos", "eot", "eom"], ends) {
            entries.append(("tokenizer.ggml.\(name)_token_id", .uint32(UInt32(id))))
        }
        if let padding = try config.integers("pad_token_id", in: -1...vocabularySize - 1).first, padding >= 0 {
            entries.append(("tokenizer.ggml.padding_token_id", .uint32(UInt32(padding))))
        }
        let templates = try ChatTemplateSet(folder: source.folder).texts
        for (name, text) in templates.sorted(by: { $0.key < $1.key }) {
            let key = name == "default" ? "tokenizer.chat_template" : "tokenizer.chat_template.\(name)"
            entries.append((key, .string(text)))
        }
        if ends.count > 3 {
            notes.append("of the tokens that end a text, a GGUF file says three; \(ends[3...].map { $0 }) are left out")
        }
        return (entries, notes)
    }
}

import LLMJSON
import LLMModels
import LLMTensor
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
    let architecture: GGUFArchitecture
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
        self.metadata = metadata
        architecture = try GGUFArchitecture.row(of: file)
        layers = try values.integer("\(architecture.name).block_count", in: 0...1 << 20)
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
        let (theta, scaling) = try RotaryScaling.read(config)
        let rotation = try QuantizationSource.rotation(scaling, config)
        let factors = rotation.factors(theta: theta, headDim: sizes.headDim)
        if case .llama3 = rotation, factors == nil {
            throw QuantizationSource.inexpressible(config, "the numbers of its llama3 rotary positions")
        }
        let resolved: [String: JSONValue] = [
            "num_hidden_layers": .integer(sizes.layers), "max_position_embeddings": .integer(sizes.maxPositions),
            "hidden_size": .integer(sizes.hiddenSize), "num_attention_heads": .integer(sizes.heads),
            "num_key_value_heads": .integer(sizes.kvHeads), "head_dim": .integer(sizes.headDim),
            "rope_theta": .number(theta),
        ]
        var entries = architecture.metadata(
            vocabularySize: sizes.vocabularySize, headDim: sizes.headDim,
            rotated: try QuantizationSource.rotated(config, sizes.headDim),
            windows: try QuantizationSource.windows(config, model), rotation: rotation
        ) { resolved[$0] ?? config.field($0) ?? ($0 == "num_experts" ? config.field("num_local_experts") : nil) }
        entries.insert(("general.name", .string(source.name)), at: 1)
        let (own, notes) = try QuantizationSource.text(source, config, vocabularySize: sizes.vocabularySize)
        metadata = entries + own
        self.notes = notes
        layers = sizes.layers
        self.architecture = architecture
        var tensors = try QuantizationSource.tensors(model, architecture, checkpoint, config)
        if let factors {
            let view = TensorView(shape: [factors.count], dtype: .float32, repeating: factors)
            tensors.append(
                Tensor(name: GGUFArchitecture.factorsName, shape: view.shape, byteCount: view.byteCount) { view })
        }
        self.tensors = tensors
        let file = try GGUFFile(
            unwritten: config.path, metadata: entries,
            tensors: tensors.map { TensorInfo(name: $0.name, shape: $0.shape, dtype: .float32) },
            factors: [GGUFArchitecture.factorsName: factors ?? []])
        try QuantizationSource.check(file, config, checkpoint, hub)
    }

    /// Throws where a file would not be read, or not as the model that a folder is, and names the keys that make the
    /// difference.
    private static func check(
        _ file: GGUFFile, _ config: ConfigFile, _ checkpoint: any NamedTensors, _ hub: Architecture
    ) throws {
        let (model, read, other) = try readBack(file, config.path)
        let isSame: Bool
        do throws(ModelError) {
            isSame = try hub.makes(config, checkpoint, as: other, read, model)
        } catch {
            guard error.code == .invalidWeights else { throw error }
            throw inexpressible(config, "which tensors each of its layers has")
        }
        if isSame { return }
        // The file's own config, with one key of the folder's after another as long as nothing changes.
        var (known, different) = (read, [String]())
        for key in config.keys {
            let next = known.replacing(key, by: config)
            let isSame = (try? hub.makes(next, checkpoint, as: other, read, model)) ?? false
            if isSame { known = next } else { different.append("\(key) \(config.field(key)?.shown ?? "null")") }
        }
        throw inexpressible(
            config, different.count < config.keys.count ? different.joined(separator: " with ") : "its numbers")
    }

    private static func readBack(
        _ file: GGUFFile, _ path: String
    ) throws(LLMGenError) -> (GGUFModel, ConfigFile, Architecture) {
        do throws(LLMGenError) {
            return try LLMGenError.rethrowing {
                let model = try GGUFModel(file)
                let read = try ConfigFile(bytes: model.config, path: path)
                return (model, read, try Architectures.architecture(read))
            }
        } catch {
            throw LLMGenError(code: .invalidInput, message: "a GGUF file cannot say it: \(error.message)")
        }
    }

    private static func architecture(_ hub: Architecture, _ config: ConfigFile) throws(LLMGenError) -> GGUFArchitecture
    {
        // Mistral's without a window are Llama's.
        let rows = GGUFArchitecture.written
        if let row = rows.first(where: { $0.hubName == hub.name }) { return row }
        throw LLMGenError(
            code: .invalidInput,
            message: "'\(config.path)': architecture \(hub.name) cannot be written to GGUF files; "
                + "those that can are \(rows.map(\.hubName).joined(separator: ", "))")
    }

    /// Elements of a head that are rotated.
    private static func rotated(_ config: ConfigFile, _ headDim: Int) throws -> Int {
        for holder in [try config.object("rope_parameters"), config].compactMap(\.self) {
            for key in ["partial_rotary_factor", "rotary_pct"] where holder.has(key) {
                return Int(Double(headDim) * (try holder.number(key, in: 0...1)))
            }
        }
        return headDim
    }

    /// The window, and the layers that have it, where the config says which.
    private static func windows(_ config: ConfigFile, _ model: ModelDescription) throws -> GGUFWindows? {
        guard let length = model.cacheLayout.groups.lazy.compactMap(\.window).first else { return nil }
        let types = try config.strings("layer_types")
        return GGUFWindows(length: length, marks: types.isEmpty ? nil : types.map { $0 == "sliding_attention" })
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

    static func inexpressible(_ config: ConfigFile, _ what: String) -> LLMGenError {
        LLMGenError(
            code: .invalidInput,
            message: "'\(config.path)': \(what) cannot be said in a GGUF file; keep the safetensors checkpoint")
    }
}

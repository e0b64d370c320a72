import Foundation
import LLMModels

/// The files of sentence-transformers in a model's folder: `modules.json`, which names the others,
/// `config_sentence_transformers.json` and `sentence_bert_config.json`.
extension EmbeddingFormat {
    /// - Parameters:
    ///   - config: the model's own.
    ///   - file: `config_sentence_transformers.json`, where there is one.
    ///   - width: of its hidden states.
    /// - Throws: `ModelError` or `WeightsError`, naming the file, the key and the value.
    init(folder: URL, _ config: ConfigFile, _ file: ConfigFile?, width: Int) throws {
        self.init(width: width)
        if let file {
            similarity = try file.optional("similarity_fn_name", .text)
            let named = try EmbeddingFormat.prompts(of: file)
            (prompts, defaultPromptName) = (named.all, named.usualName)
        }
        shorterDimensions = try EmbeddingFormat.shorterDimensions(config, width: width)
        let modules = try SentenceTransformersModule.modules(of: folder)
        if !modules.isEmpty { try read(modules, folder) }
    }

    /// The prompts that `config_sentence_transformers.json` names, and the one that is put before texts unless a request
    /// says otherwise.
    static func prompts(
        of file: ConfigFile
    ) throws -> (all: [String: String], usualName: String?, usual: String?) {
        let name = try file.optional("default_prompt_name", .text)
        var prompts: [String: String] = [:]
        if let object = try file.object("prompts") {
            for name in object.keys { prompts[name] = try object.string(name) }
        }
        if let name, prompts[name] == nil {
            throw file.invalid("default_prompt_name", "the name of one of the prompts")
        }
        return (prompts, name, name.flatMap { prompts[$0] })
    }

    /// `matryoshka_dimensions`, as vLLM reads it.
    private static func shorterDimensions(_ config: ConfigFile, width: Int) throws -> [Int]? {
        let shorter = try config.integers("matryoshka_dimensions", in: 1...1 << 20).filter { $0 < width }
        return shorter.isEmpty ? nil : shorter
    }

    /// Reads what the modules do after one another.
    private mutating func read(_ modules: [SentenceTransformersModule], _ folder: URL) throws {
        isOfFiles = true
        normalizes = false
        var (hasPooling, width) = (false, dimensions)
        for module in modules {
            switch module.kind {
            case "Transformer":
                guard let file = try module.transformerFile() else { continue }
                maxTokens = try file.optional("max_seq_length", .integer(in: 1...1 << 30))
                lowercases = try file.flag("do_lower_case", default: false)
            case "Pooling":
                try readPooling(try module.config(), width: width)
                hasPooling = true
            case "Dense" where hasPooling && !normalizes:
                let layer = try DenseLayer(folder: module.folder, inputs: width)
                width = layer.outputs
                projection.append(layer)
            case "Normalize" where hasPooling: normalizes = true
            default:
                throw module.unsupported(
                    "vectors are made by Transformer, Pooling, Dense and Normalize modules, in this order")
            }
        }
        guard hasPooling else {
            throw ModelError(
                .unsupported, "'\(folder.path)/modules.json': there is no Pooling module; vectors are made by one")
        }
        dimensions = width
    }

    private mutating func readPooling(_ file: ConfigFile, width: Int) throws {
        let named = file.has("word_embedding_dimension") ? "word_embedding_dimension" : "embedding_dimension"
        guard try file.integer(named, in: 1...1 << 20) == width else {
            throw file.invalid(named, "\(width), the width of the model's hidden states")
        }
        includesPrompt = try file.flag("include_prompt", default: true)
        var modes: [String] = []
        if file.has("pooling_mode") {
            modes = [try file.string("pooling_mode")]
        } else {
            for (key, mode) in EmbeddingFormat.olderModes where try file.flag("pooling_mode_\(key)", default: false) {
                modes.append(mode)
            }
        }
        guard modes.count <= 1 else {
            throw ModelError(
                .unsupported,
                "'\(file.path)': several pooling modes (\(modes.joined(separator: ", "))) are joined, which is not supported; "
                    + "use a model with one of them")
        }
        let mode = modes.first ?? "mean"
        guard let pooling = Pooling(rawValue: mode == "lasttoken" ? "last" : mode) else {
            throw file.unsupported(
                "pooling_mode", "cls, max, mean, mean_sqrt_len_tokens, weightedmean and lasttoken are")
        }
        self.pooling = pooling
    }

    /// `pooling_mode` by the keys of older files.
    private static let olderModes = [
        ("cls_token", "cls"), ("max_tokens", "max"), ("mean_tokens", "mean"),
        ("mean_sqrt_len_tokens", "mean_sqrt_len_tokens"), ("weightedmean_tokens", "weightedmean"),
        ("lasttoken", "lasttoken"),
    ]
}

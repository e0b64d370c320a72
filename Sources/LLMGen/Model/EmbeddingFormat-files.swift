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
        if let file { try readPrompts(file) }
        shorterDimensions = try EmbeddingFormat.shorterDimensions(config, width: width)
        let modules = folder.appending(path: "modules.json")
        guard FileManager.default.fileExists(atPath: modules.path) else { return }
        try read(try ConfigFile.list(path: modules.path), folder)
    }

    private mutating func readPrompts(_ file: ConfigFile) throws {
        similarity = try file.optional("similarity_fn_name", .text)
        defaultPromptName = try file.optional("default_prompt_name", .text)
        if let object = try file.object("prompts") {
            for name in object.keys { prompts[name] = try object.string(name) }
        }
        if let name = defaultPromptName, prompts[name] == nil {
            throw file.invalid("default_prompt_name", "the name of one of the prompts")
        }
    }

    /// `matryoshka_dimensions`, as vLLM reads it.
    private static func shorterDimensions(_ config: ConfigFile, width: Int) throws -> [Int]? {
        let shorter = try config.integers("matryoshka_dimensions", in: 1...1 << 20).filter { $0 < width }
        return shorter.isEmpty ? nil : shorter
    }

    /// Reads what the modules do after one another.
    private mutating func read(_ modules: [ConfigFile], _ folder: URL) throws {
        normalizes = false
        var (hasPooling, width) = (false, dimensions)
        for module in modules {
            let kind = try module.lastPart(of: "type")
            let place = try EmbeddingFormat.folder(of: module, in: folder)
            switch kind {
            case "Transformer": try readLimits(place)
            case "Pooling":
                guard let file = try ConfigFile.ifThere(place.appending(path: "config.json")) else {
                    throw module.invalid("path", "the folder of a config.json")
                }
                try readPooling(file, width: width)
                hasPooling = true
            case "Dense" where hasPooling && !normalizes:
                let layer = try DenseLayer(folder: place, inputs: width)
                width = layer.outputs
                projection.append(layer)
            case "Normalize" where hasPooling: normalizes = true
            default:
                throw module.unsupported(
                    "type", "vectors are made by Transformer, Pooling, Dense and Normalize modules, in this order")
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

    private mutating func readLimits(_ folder: URL) throws {
        for kind in ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"] {
            guard let file = try ConfigFile.ifThere(folder.appending(path: "sentence_\(kind)_config.json")) else {
                continue
            }
            maxTokens = try file.optional("max_seq_length", .integer(in: 1...1 << 30))
            lowercases = try file.flag("do_lower_case", default: false)
            return
        }
    }

    /// The folder of a module, which is in that of the model.
    private static func folder(of module: ConfigFile, in folder: URL) throws -> URL {
        let path = try module.string("path", default: "")
        guard !path.isEmpty else { return folder }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != ".." }) else {
            throw module.invalid("path", "a folder in that of the model")
        }
        return folder.appending(path: path)
    }
}

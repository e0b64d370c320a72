import Foundation
import LLMModels
import LLMTemplate
import LLMTokenizer
import LLMWeights

/// A model in one GGUF file.
struct GGUFSource: ModelSource {
    private let file: GGUFFile
    private let vocabulary: GGUFVocabulary

    init(_ file: GGUFFile) {
        self.file = file
        vocabulary = GGUFVocabulary(file)
    }

    private var url: URL { URL(fileURLWithPath: file.file.path) }
    var folder: URL { url.deletingLastPathComponent() }
    var name: String { url.lastPathComponent }

    func chatFormat(_ tokenizer: (any Tokenizer)?) -> ChatFormat {
        ChatFormat(model: name) { () throws(TemplateError) in
            var tokens: [String: TemplateValue] = [:]
            func piece(_ id: TokenID?) -> TemplateValue? {
                id.flatMap { tokenizer?.piece($0) }.map { .string($0) }
            }
            tokens["bos_token"] = piece(tokenizer?.bosToken)
            tokens["eos_token"] = piece(tokenizer?.eosTokens.first)
            var templates = ChatTemplateSet("", specialTokens: tokens)
            do throws(LLMGenError) {
                templates.texts = try vocabulary.chatTemplates()
            } catch {
                throw TemplateError(.malformedTemplate, error.message)
            }
            return templates
        }
    }

    var tokenizerName: String? { vocabulary.isPresent ? "the file's own" : nil }

    func config() throws(LLMGenError) -> ConfigFile { try configFile(model().config) }

    func tensors() throws(LLMGenError) -> any NamedTensors { try model() }

    func tokenizer() throws(LLMGenError) -> (any Tokenizer)? {
        vocabulary.isPresent ? try vocabulary.tokenizer() : nil
    }

    func tokenizerAlone() throws(LLMGenError) -> any Tokenizer { try vocabulary.tokenizer() }

    /// `general.sampling`, in the keys of `generation_config.json`.
    func generationConfig() throws(LLMGenError) -> ConfigFile? {
        let json = try LLMGenError.rethrowing { try GGUFModel.generationConfig(file.metadata) }
        return try configFile(json)
    }

    /// `pooling_type`, llama.cpp's number of a pooling; vectors are scaled to length 1, as its server does.
    func embeddingFormat(_ config: ConfigFile, width: Int) throws(LLMGenError) -> EmbeddingFormat {
        var format = EmbeddingFormat(width: width)
        let key = "\(try architecture()).pooling_type"
        guard file.metadata.type(of: key) != nil else { return format }
        format.isOfFiles = true
        let number = try LLMGenError.rethrowing { try file.metadata.integer(key, in: 0...4) }
        switch number {
        case 1: format.pooling = .mean
        case 2: format.pooling = .first
        case 3: format.pooling = .last
        case 4:
            throw LLMGenError(
                code: .invalidInput,
                message: "\(file.file.path.quoted): '\(key)' is 4, a reranker's; GGUF files of those are not read")
        default: break
        }
        return format
    }

    func sentenceTransformersConfig() -> ConfigFile? { nil }

    func logitScore() -> LogitScore? { nil }

    private func architecture() throws(LLMGenError) -> String {
        try LLMGenError.rethrowing { try file.metadata.string("general.architecture") }
    }

    func contents() throws(LLMGenError) -> SourceContents {
        SourceContents(files: file.files.map(\.path), tensors: file.tensors, gguf: file)
    }

    private func model() throws(LLMGenError) -> GGUFModel {
        try LLMGenError.rethrowing { try GGUFModel(file) }
    }

    private func configFile(_ json: [UInt8]) throws(LLMGenError) -> ConfigFile {
        try LLMGenError.rethrowing { try ConfigFile(bytes: json, path: file.file.path) }
    }
}

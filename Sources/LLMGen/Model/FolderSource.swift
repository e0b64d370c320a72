import Foundation
import LLMModels
import LLMTemplate
import LLMTokenizer
import LLMWeights

/// A model in a folder in Hugging Face's layout, or one weights or tokenizer file in such a folder.
struct FolderSource: ModelSource {
    let location: ModelLocation

    init(_ location: ModelLocation) { self.location = location }

    var folder: URL { location.folder }
    var name: String { folder.resolvingSymlinksInPath().lastPathComponent }
    var tokenizerName: String? { TokenizerFile.name(in: folder) }

    func config() throws(LLMGenError) -> ConfigFile { try file("config.json") }

    func generationConfig() throws(LLMGenError) -> ConfigFile? { try fileIfThere("generation_config.json") }

    func sentenceTransformersConfig() throws(LLMGenError) -> ConfigFile? {
        try fileIfThere("config_sentence_transformers.json")
    }

    func logitScore() throws(LLMGenError) -> LogitScore? {
        try LLMGenError.rethrowing { try LogitScore(folder: folder, sentenceTransformersConfig()) }
    }

    private func fileIfThere(_ name: String) throws(LLMGenError) -> ConfigFile? {
        try LLMGenError.rethrowing { try ConfigFile.ifThere(folder.appending(path: name)) }
    }

    func tensors() throws(LLMGenError) -> any NamedTensors {
        let (config, checkpoint) = (try config(), try checkpoint())
        return try LLMGenError.rethrowing { try config.tensors(of: checkpoint) }
    }

    func tokenizer() throws(LLMGenError) -> (any Tokenizer)? {
        guard tokenizerName != nil else { return nil }
        return try LLMGenError.rethrowing { try TokenizerFile.load(folder) }
    }

    func tokenizerAlone() throws(LLMGenError) -> any Tokenizer {
        try LLMGenError.rethrowing { try TokenizerFile.load(location.weights) }
    }

    func chatFormat(_ tokenizer: (any Tokenizer)?) -> ChatFormat {
        ChatFormat(model: name) { () throws(TemplateError) in try ChatTemplateSet(folder: folder) }
    }

    func embeddingFormat(_ config: ConfigFile, width: Int) throws(LLMGenError) -> EmbeddingFormat {
        try LLMGenError.rethrowing {
            try EmbeddingFormat(folder: folder, config, sentenceTransformersConfig(), width: width)
        }
    }

    func contents() throws(LLMGenError) -> SourceContents {
        let checkpoint = try checkpoint()
        let config = try config()
        var contents = SourceContents(files: checkpoint.files, tensors: checkpoint.tensors)
        do throws(WeightsError) {
            let tensors = try config.tensors(of: checkpoint)
            contents.tensors = tensors.tensors
            contents.quantization = (tensors as? QuantizedCheckpoint)?.quantization
        } catch {
            guard error.code == .unsupported else { throw LLMGenError(error) }
            contents.refusal = error.message
        }
        return contents
    }

    private func checkpoint() throws(LLMGenError) -> Checkpoint {
        try LLMGenError.rethrowing { try Checkpoint(path: location.weights.path) }
    }

    private func file(_ name: String) throws(LLMGenError) -> ConfigFile {
        try LLMGenError.rethrowing { try ConfigFile(path: folder.appending(path: name).path) }
    }
}

extension ConfigFile {
    /// The file there; nil where there is none.
    static func ifThere(_ file: URL) throws(ModelError) -> ConfigFile? {
        FileManager.default.fileExists(atPath: file.path) ? try ConfigFile(path: file.path) : nil
    }
}

import Foundation
import LLMModels
import LLMTokenizer
import LLMWeights

/// Where everything about a model comes from: a folder in Hugging Face's layout, or a GGUF file. Both speak in the hub's
/// terms: its config keys, its tensor names.
protocol ModelSource: Sendable {
    /// The name that outputs carry and errors use.
    var name: String { get }
    /// The folder that the model is in.
    var folder: URL { get }
    /// The tokenizer's name for `llmgen inspect`; nil where there is none.
    var tokenizerName: String? { get }

    /// The model's config.
    func config() throws(LLMGenError) -> ConfigFile
    /// The model's tensors under the hub's names.
    func tensors() throws(LLMGenError) -> any NamedTensors
    /// The tokenizer; nil where there is none, so that prompts must be token ids.
    func tokenizer() throws(LLMGenError) -> (any Tokenizer)?
    /// The tokenizer of a source that may be no more than a tokenizer's own file; an error where there is none.
    func tokenizerAlone() throws(LLMGenError) -> any Tokenizer
    /// How conversations are written; damaged files are an error where one is rendered.
    func chatFormat(_ tokenizer: (any Tokenizer)?) -> ChatFormat
    /// What the model recommends for sampling; nil where it says nothing.
    func generationConfig() throws(LLMGenError) -> ConfigFile?
    /// How the model makes the vector of a text, its hidden states `width` wide.
    func embeddingFormat(_ config: ConfigFile, width: Int) throws(LLMGenError) -> EmbeddingFormat
    /// `config_sentence_transformers.json`; nil where there is none.
    func sentenceTransformersConfig() throws(LLMGenError) -> ConfigFile?
    /// How a model of sentence-transformers scores pairs by the logits of tokens; nil where it does not.
    func logitScore() throws(LLMGenError) -> LogitScore?
    /// What the source's files are.
    func contents() throws(LLMGenError) -> SourceContents
}

/// The files of a model, as `llmgen inspect` shows them.
struct SourceContents {
    /// Weight files.
    let files: [String]
    /// Every tensor, under its name in the file; a quantized one of a folder under the name of the weight.
    var tensors: [TensorInfo]
    /// How the weights of a folder are quantized; nil where they are not.
    var quantization: Quantization?
    /// Why the weights cannot be read; nil where they can.
    var refusal: String?
    /// nil for safetensors.
    var gguf: GGUFFile?
}

extension ModelSource {
    /// How a model of this description scores pairs; nil where it does not.
    func pairFormat(
        labels: Int?, predictsTokens: Bool, isEncoder: Bool, _ config: ConfigFile,
        _ wanted: PairTemplate?
    ) throws(LLMGenError) -> PairFormat? {
        try LLMGenError.rethrowing {
            try PairFormat(
                labels: labels, predictsTokens: predictsTokens, isEncoder: isEncoder, config,
                sentenceTransformersConfig(), logitScore(), name: name, wanted)
        }
    }
}

extension ModelLocator {
    /// The source of the model that `name` means.
    ///
    /// - Throws: ``LLMGenError`` `notFound` where there is none, `invalidInput` for a GGUF file that is damaged.
    static func source(_ name: String) throws(LLMGenError) -> any ModelSource {
        let location = try location(name)
        guard location.weights != location.folder else { return FolderSource(location) }
        return try LLMGenError.rethrowing {
            guard try WeightFile.isGGUF(location.weights.path) else { return FolderSource(location) }
            return GGUFSource(try GGUFFile(path: location.weights.path))
        }
    }
}

import LLMTensor
import LLMWeights

/// A checkpoint of a model's layers without its output head, as transformers' `AutoModel` writes it (Qwen3-Embedding): its
/// tensors under the names that they have beside a head, which begin with `model.`.
struct BaseModelTensors: NamedTensors {
    private let stored: any NamedTensors

    private static let prefix = "model."
    private static let embedding = "embed_tokens.weight"

    /// The tensors under the names that they have beside a head.
    static func named(_ tensors: any NamedTensors) -> any NamedTensors {
        let isBase = tensors.contains(embedding) && !tensors.contains(prefix + embedding)
        return isBase ? BaseModelTensors(stored: tensors) : tensors
    }

    private init(stored: any NamedTensors) { self.stored = stored }

    /// The name in the checkpoint; nil where there is none under that name.
    private func storedName(_ name: String) -> String? {
        name.hasPrefix(Self.prefix) ? String(name.dropFirst(Self.prefix.count)) : nil
    }

    var tensors: [TensorInfo] { stored.tensors }

    func info(named name: String) -> TensorInfo? { storedName(name).flatMap { stored.info(named: $0) } }

    func tensor(named name: String) throws(WeightsError) -> TensorView {
        try stored.tensor(named: storedName(name) ?? name)
    }

    func willNeed(_ name: String) { if let name = storedName(name) { stored.willNeed(name) } }
}

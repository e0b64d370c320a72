import Foundation
import LLMModels
import LLMTensor
import LLMTokenizer

/// How a model's last hidden state of a pair, or its classifier's outputs, become a score.
struct PairScorer: Sendable {
    /// What a score is put through.
    enum Activation: String {
        case sigmoid = "Sigmoid"
        case identity = "Identity"
    }

    /// How a pair is written as one text; nil where the tokenizer joins its texts.
    var template: PairTemplate?
    /// Yields the logits of yes and no, or of one label, of a hidden state; nil where the model has done so.
    var head: OutputRows?
    var activation = Activation.sigmoid

    /// The score of `[hidden]`, or of a classifier's one output.
    func score(_ vector: [Double], usesActivation: Bool) -> Double {
        let logits = head?.logits(of: vector) ?? vector
        let logit = logits.count == 2 ? logits[0] - logits[1] : logits[0]
        return usesActivation && activation == .sigmoid ? 1 / (1 + exp(-logit)) : logit
    }
}

/// How a model is told a query and a document.
public enum PairTemplate: String, Sendable, CaseIterable {
    /// Qwen3-Reranker's (Zhang et al. 2025): a conversation whose answer is "yes" or "no".
    case qwen3

    /// What is before the texts, the texts, and what is after them.
    func parts(_ pair: TextPair, _ instruction: String?) -> (before: String, text: String, after: String) {
        let instruction =
            instruction ?? "Given a web search query, retrieve relevant passages that answer the query"
        return (
            """
            <|im_start|>system
            Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the \
            answer can only be "yes" or "no".<|im_end|>
            <|im_start|>user

            """,
            "<Instruct>: \(instruction)\n<Query>: \(pair.query)\n<Document>: \(pair.document)",
            "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
        )
    }
}

extension PairScorer {
    /// How a model scores pairs; nil for one that does not. Of a decoder its config (`classifier_from_token`, as vLLM has
    /// it), its name or the options say it.
    ///
    /// - Parameter file: `config_sentence_transformers.json`, where there is one.
    /// - Throws: ``LLMGenError`` or `ModelError` where it is told how and cannot.
    init?(
        _ network: Network, _ config: ConfigFile, _ file: ConfigFile?, name: String, _ tokenizer: (any Tokenizer)?,
        _ wanted: PairTemplate?,
        on compute: Compute
    ) throws {
        let decoder: Decoder
        switch network {
        case .encoder(let encoder):
            guard encoder.labels == 1 else { return nil }
            activation = try PairScorer.activation(config, file)
            return
        case .decoder(let own): decoder = own
        }
        let isReranker = name.lowercased().contains("qwen3-reranker")
        let template = wanted ?? (isReranker ? .qwen3 : nil)
        switch decoder.predicts {
        case .none: return nil
        case .labels(let count):
            guard count == 1 else { return nil }
            activation = try PairScorer.activation(config, file)
            self.template = template
            head = decoder.head(of: [0], on: compute)
        case .tokens:
            var answers = try config.strings("classifier_from_token")
            guard !answers.isEmpty || template != nil else { return nil }
            activation = try PairScorer.activation(config, file)
            if answers.isEmpty { answers = ["no", "yes"] }
            guard answers.count == 2 else { throw config.unsupported("classifier_from_token", "two tokens are") }
            let ids = try answers.map { answer in
                guard let tokenizer, let id = tokenizer.id(of: answer) else {
                    throw LLMGenError(
                        code: .invalidInput,
                        message:
                            "'\(name)' is to answer pairs with '\(answer)', which is no token of its tokenizer; leave out"
                            + " reranker and classifier_from_token, or use a reranker")
                }
                return id
            }
            self.template = template ?? .qwen3
            head = decoder.head(of: ids.reversed(), on: compute)
        }
    }

    /// What the files say of the activation, now or in older versions of sentence-transformers; a sigmoid where they say
    /// nothing.
    private static func activation(_ config: ConfigFile, _ file: ConfigFile?) throws -> Activation {
        let places = [
            (file, "activation_fn"), (try config.object("sentence_transformers"), "activation_fn"),
            (config, "sbert_ce_default_activation_function"),
        ]
        for case (let place?, let key) in places where place.has(key) {
            if let activation = Activation(rawValue: try place.lastPart(of: key)) { return activation }
            throw place.unsupported(key, "Sigmoid and Identity are")
        }
        return .sigmoid
    }
}

extension ConfigFile {
    /// The last part of a dotted name, such as that of a class.
    func lastPart(of key: String) throws(ModelError) -> String {
        String(try string(key).split(separator: ".").last ?? "")
    }
}

extension Tokenizer {
    /// The id that the vocabulary spells so; nil where there is none.
    func id(of piece: String) -> TokenID? {
        (0..<TokenID(vocabularySize)).first { self.piece($0) == piece }
    }
}

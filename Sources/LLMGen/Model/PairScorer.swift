import Foundation
import LLMModels
import LLMTensor
import LLMTokenizer

/// How a model's last hidden state of a pair, or its classifier's outputs, become a score.
struct PairScorer: Sendable {
    let format: PairFormat
    /// Yields the logits of yes and no, or of one label or token, of a hidden state; nil where the model has done so.
    private let head: OutputRows?

    /// The score of `[hidden]`, or of a classifier's one output.
    func score(_ vector: [Double], usesActivation: Bool) -> Double {
        let logits = head?.logits(of: vector) ?? vector
        let logit = logits.count == 2 ? logits[0] - logits[1] : logits[0]
        return usesActivation && format.activation == .sigmoid ? 1 / (1 + exp(-logit)) : logit
    }

    /// - Throws: ``LLMGenError`` where the model cannot score as its format says.
    init(
        _ format: PairFormat, _ network: Network, name: String, _ tokenizer: (any Tokenizer)?,
        _ chat: ChatFormat,
        on compute: Compute
    ) throws(LLMGenError) {
        self.format = format
        if case .chat(let score) = format.writing { try score.check(chat) }
        guard case .decoder(let decoder) = network else {
            head = nil
            return
        }
        let rows: [TokenID]
        switch format.outputs {
        case .label: rows = [0]
        case .tokens(let ids):
            let size = decoder.dimensions.vocabularySize
            guard ids.allSatisfy({ Int($0) < size }) else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "'\(name)' is to answer pairs with the tokens \(ids) (LogitScore), and its vocabulary has the"
                        + " ids 0 to \(size - 1); check that its files belong together")
            }
            rows = ids
        case .answers(let no, let yes):
            rows = try [yes, no].map { answer throws(LLMGenError) in
                guard let tokenizer, let id = tokenizer.id(of: answer) else {
                    throw LLMGenError(
                        code: .invalidInput,
                        message:
                            "'\(name)' is to answer pairs with '\(answer)', which is no token of its tokenizer; leave out"
                            + " reranker and classifier_from_token, or use a reranker")
                }
                return id
            }
        }
        head = decoder.head(of: rows, on: compute)
    }
}

/// How a model is told a query and a document.
public enum PairTemplate: String, Sendable, CaseIterable {
    /// Qwen3-Reranker's (Zhang et al. 2025): a conversation whose answer is "yes" or "no".
    case qwen3

    /// What is before the texts, the texts, and what is after them.
    func parts(_ pair: TextPair, _ instruction: String?) -> (
        before: String, text: String, after: String
    ) {
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

extension Tokenizer {
    /// The id that the vocabulary spells so; nil where there is none.
    func id(of piece: String) -> TokenID? {
        (0..<TokenID(vocabularySize)).first { self.piece($0) == piece }
    }
}

import Foundation
import LLMGen

/// Encodes and decodes with one model's tokenizer, for `tokenize`.
struct Tokenization {
    /// What encoding gives.
    struct Encoded: Encodable {
        let tokenIds: [TokenID]
        let pieces: [String]
    }

    /// What decoding gives.
    struct Decoded: Encodable {
        let text: String
    }

    private let tokenizer: any Tokenizer
    private let addSpecialTokens: Bool

    init(_ tokenizer: any Tokenizer, addSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.addSpecialTokens = addSpecialTokens
    }

    func encode(_ text: String) throws -> Encoded {
        do {
            let ids = try tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
            return Encoded(tokenIds: ids, pieces: ids.map { tokenizer.piece($0) ?? "" })
        } catch {
            throw LLMGenError(code: .invalidInput, message: "\(error)", cause: error)
        }
    }

    /// The text of `ids`, with the names of special tokens.
    func decode(_ ids: [TokenID]) throws -> Decoded {
        if let unknown = ids.first(where: { tokenizer.piece($0) == nil }) {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "token id \(unknown) is not in the vocabulary, whose ids are 0 to \(tokenizer.vocabularySize - 1)"
            )
        }
        return Decoded(text: tokenizer.decode(ids, skipSpecialTokens: false))
    }
}

/// One line of `tokenize --jsonl`.
enum TokenizeLine {
    case text(String)
    case tokenIDs([TokenID])

    private struct Fields: Decodable {
        let text: String?
        let token_ids: [TokenID]?
    }

    /// - Throws: ``LLMGenError`` `invalidInput` with the line's fault.
    init(_ data: Data) throws {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: data)
        } catch {
            throw LLMGenError(
                code: .invalidInput,
                message: "the line is no JSON object with a text or with token_ids, whole numbers below 2^31")
        }
        switch (fields.text, fields.token_ids) {
        case (let text?, nil): self = .text(text)
        case (nil, let ids?): self = .tokenIDs(ids)
        default: throw LLMGenError(code: .invalidInput, message: "give one of text and token_ids")
        }
    }
}

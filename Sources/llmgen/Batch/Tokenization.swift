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

    let tokenizer: ModelTokenizer
    let addSpecialTokens: Bool

    func encode(_ text: String) throws -> Encoded {
        let ids = try tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
        return Encoded(tokenIds: ids, pieces: ids.map { tokenizer.piece($0) ?? "" })
    }

    /// The text of `ids`, with the names of special tokens.
    func decode(_ ids: [TokenID]) throws -> Decoded { Decoded(text: try tokenizer.decode(ids)) }
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

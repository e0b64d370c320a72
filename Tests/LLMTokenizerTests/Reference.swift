import Foundation
import LLMTestSupport
import LLMTokenizer

/// What Python's sentencepiece and transformers give: `Tests/Fixtures/tokenizer/reference.json`.
struct Reference: Decodable, Sendable {
    struct Encoding: Decodable, Sendable {
        let text: String
        let ids: [TokenID]
    }

    struct Decoding: Decodable, Sendable {
        let ids: [TokenID]
        let text: String
        let skip: Bool?
    }

    struct Model: Decodable, Sendable {
        let vocabulary_size: Int
        let bos: TokenID
        let eos: TokenID
        /// Every seventh.
        let pieces: [String]
        let encode: [Encoding]
        let decode: [Decoding]
    }

    struct Llama: Decodable, Sendable {
        let encode: [Encoding]
        let decode: [Decoding]
    }

    let sentencepiece: [String: Model]
    let llama: Llama
    let llama_legacy: Llama

    static func load() throws -> Reference {
        let file = Paths.fixtures.appending(path: "tokenizer/reference.json")
        return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
    }

    /// The models that the reference knows.
    static let models = ["fairytale-6m", "unigram", "bpe-plain", "char-suffix"]

    /// The folder of one of `models`.
    static func folder(_ name: String) -> URL {
        name == "fairytale-6m" ? Paths.fairytale : Paths.fixtures.appending(path: "tokenizer/\(name)")
    }
}

/// Whether two texts are the same scalars; `==` on strings takes canonically equivalent ones for equal.
func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

/// A tokenizer of one of the reference's models with a `tokenizer_config.json` of its own.
func tokenizer(_ model: String, configuration: String?, added: String? = nil) throws -> SentencePieceTokenizer {
    try Paths.withTemporaryFolder { folder in
        try FileManager.default.copyItem(
            at: Reference.folder(model).appending(path: "tokenizer.model"),
            to: folder.appending(path: "tokenizer.model"))
        if let configuration {
            try Data(configuration.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
        }
        if let added { try Data(added.utf8).write(to: folder.appending(path: "added_tokens.json")) }
        return try SentencePieceTokenizer(folder: folder)
    }
}

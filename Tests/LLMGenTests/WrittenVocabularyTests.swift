import Foundation
import LLMGen
import LLMTestSupport
import LLMTokenizer
import Testing

/// Tokenizers of folders that become vocabularies of GGUF files.
@Suite struct WrittenVocabularyTests {
    static let folder = Paths.fixtures.appending(path: "tokenizer")

    private struct Case: Decodable {
        let text: String
    }

    @Test(arguments: [("byte-level-gpt2", "smollm"), ("byte-level-llama", "llama-bpe")])
    func `A tokenizer.json's vocabulary gives its ids`(name: String, preTokenizer: String) throws {
        let original = Self.folder.appending(path: "json/\(name)")
        try Paths.withTemporaryFolder { folder in
            let json = try JSONSerialization.jsonObject(
                with: Data(contentsOf: original.appending(path: "tokenizer.json")))
            let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
            var text = String(
                decoding: try JSONSerialization.data(withJSONObject: json, options: options), as: UTF8.self)
            for flag in ["lstrip", "rstrip", "single_word", "normalized"] {
                text.replace("\"\(flag)\":true", with: "\"\(flag)\":false")
            }
            text.replace(#""add_prefix_space":true"#, with: #""add_prefix_space":false"#)
            text.replace(#""normalizer":{"type":"NFC"}"#, with: #""normalizer":null"#)
            try Data(text.utf8).write(to: folder.appending(path: "tokenizer.json"))
            let vocabulary = try #require(try TokenizerFile.vocabulary(of: folder))
            let (one, two) = (try TokenizerFile.load(folder), try vocabulary.tokenizer())
            #expect(vocabulary.model == "gpt2" && vocabulary.preTokenizer == preTokenizer)
            for line in try Data(contentsOf: original.appending(path: "cases.jsonl")).split(separator: 0x0A) {
                let text = try JSONDecoder().decode(Case.self, from: line).text
                #expect(try one.encode(text, addSpecialTokens: true) == two.encode(text, addSpecialTokens: true))
            }
        }
    }

    @Test func `A SentencePiece vocabulary in a tokenizer.json gives its ids`() throws {
        let pieces = try #require(try TokenizerFile.vocabulary(of: Paths.fairytale))
        let ids = Dictionary(uniqueKeysWithValues: pieces.tokens.enumerated().map { ($1, $0) })
        // As transformers converts such vocabularies: every way to cut a piece in two, the best pieces first.
        var merges: [(score: Float, parts: [String])] = []
        for (id, piece) in pieces.tokens.enumerated() where pieces.types[id] == 1 {
            for cut in piece.indices.dropFirst()
            where ids[Array(piece[..<cut])] != nil && ids[Array(piece[cut...])] != nil {
                let parts = [piece[..<cut], piece[cut...]].map { String(decoding: $0, as: UTF8.self) }
                merges.append((pieces.scores[id], parts))
            }
        }
        merges.sort { $0.score > $1.score }
        let json: [String: Any] = [
            "added_tokens": [
                ["id": 1, "content": "<s>", "special": true], ["id": 2, "content": "</s>", "special": true],
            ],
            "normalizer": [
                "type": "Sequence",
                "normalizers": [
                    ["type": "Prepend", "prepend": "▁"],
                    ["type": "Replace", "pattern": ["String": " "], "content": "▁"],
                ],
            ],
            "decoder": ["type": "ByteFallback"],
            "model": [
                "type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
                "vocab": Dictionary(uniqueKeysWithValues: ids.map { (String(decoding: $0, as: UTF8.self), $1) }),
                "merges": merges.map(\.parts),
            ] as [String: Any],
        ]
        try Paths.withTemporaryFolder { folder in
            let data = try JSONSerialization.data(withJSONObject: json)
            try data.write(to: folder.appending(path: "tokenizer.json"))
            let vocabulary = try #require(try TokenizerFile.vocabulary(of: folder))
            #expect(vocabulary.model == "llama" && vocabulary.addsSpacePrefix == true && vocabulary.addsBOS == false)
            let (one, two) = (try TokenizerFile.load(folder), try vocabulary.tokenizer())
            let text = try String(contentsOf: Paths.fairytale.appending(path: "README.md"), encoding: .utf8)
            for line in text.split(separator: "\n").map(String.init) {
                #expect(try one.encode(line, addSpecialTokens: false) == two.encode(line, addSpecialTokens: false))
            }
        }
    }

    @Test(arguments: ["unigram", "bpe-plain"])
    func `A tokenizer.model's vocabulary gives its ids`(name: String) throws {
        let folder = Self.folder.appending(path: name)
        let vocabulary = try #require(try TokenizerFile.vocabulary(of: folder))
        let (one, two) = (try TokenizerFile.load(folder), try vocabulary.tokenizer())
        for text in ["Once upon a time, there was a king.", "été 12 你好", "a  b\n\nc", ""] {
            #expect(try one.encode(text, addSpecialTokens: true) == two.encode(text, addSpecialTokens: true))
        }
    }

    @Test(arguments: [
        ("json/byte-level-llama", "lstrip"), ("json/byte-fallback", "lstrip"), ("json/word-piece", "BPE"),
        ("json/unigram", "BPE"), ("char-suffix", "model_type"),
    ])
    func `What a GGUF vocabulary cannot say is an error by name`(name: String, mention: String) throws {
        let error = try #require(throws: TokenizerError.self) {
            try TokenizerFile.vocabulary(of: Self.folder.appending(path: name))
        }
        #expect(error.code == .unsupported && error.message.contains(mention), "\(error.message)")
    }
}

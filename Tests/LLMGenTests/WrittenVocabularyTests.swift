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

    @Test(arguments: [("byte-level-gpt2", "smollm"), ("byte-level-llama", "llama-bpe"), ("byte-fallback", nil)])
    func `A tokenizer.json's vocabulary gives its ids`(name: String, preTokenizer: String?) throws {
        let original = Self.folder.appending(path: "json/\(name)")
        try Paths.withTemporaryFolder { folder in
            let json = try JSONSerialization.jsonObject(with: Data(contentsOf: original.appending(path: "tokenizer.json")))
            let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
            var text = String(decoding: try JSONSerialization.data(withJSONObject: json, options: options), as: UTF8.self)
            for flag in ["lstrip", "rstrip", "single_word"] { text.replace("\"\(flag)\":true", with: "\"\(flag)\":false") }
            text.replace(#""add_prefix_space":true"#, with: #""add_prefix_space":false"#)
            text.replace(#""normalizer":{"type":"NFC"}"#, with: #""normalizer":null"#)
            try Data(text.utf8).write(to: folder.appending(path: "tokenizer.json"))
            let vocabulary = try #require(try TokenizerFile.vocabulary(of: folder))
            let (one, two) = (try TokenizerFile.load(folder), try vocabulary.tokenizer())
            #expect(vocabulary.model == (preTokenizer == nil ? "llama" : "gpt2"))
            #expect(vocabulary.preTokenizer == preTokenizer)
            for line in try Data(contentsOf: original.appending(path: "cases.jsonl")).split(separator: 0x0A) {
                let text = try JSONDecoder().decode(Case.self, from: line).text
                #expect(try one.encode(text, addSpecialTokens: true) == two.encode(text, addSpecialTokens: true))
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
        ("json/byte-level-llama", "lstrip"), ("json/word-piece", "BPE"), ("json/unigram", "BPE"), ("char-suffix", "model_type"),
    ])
    func `What a GGUF vocabulary cannot say is an error by name`(name: String, mention: String) throws {
        let error = try #require(throws: TokenizerError.self) {
            try TokenizerFile.vocabulary(of: Self.folder.appending(path: name))
        }
        #expect(error.code == .unsupported && error.message.contains(mention), "\(error.message)")
    }
}

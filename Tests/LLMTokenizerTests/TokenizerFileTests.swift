import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

@Suite struct TokenizerFileTests {
    /// A folder with a fixture's `tokenizer.json` and the other files given.
    private func withFolder<R>(_ files: [String: String], _ body: (URL) throws -> R) throws -> R {
        try Paths.withTemporaryFolder { folder in
            try FileManager.default.copyItem(
                at: JSONFixture.folder("byte-level-llama").appending(path: "tokenizer.json"),
                to: folder.appending(path: "tokenizer.json"))
            for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
            return try body(folder)
        }
    }

    @Test func `Of two tokenizers in a folder tokenizer_json counts`() throws {
        try withFolder([:]) { folder in
            try FileManager.default.copyItem(
                at: Paths.fairytale.appending(path: "tokenizer.model"), to: folder.appending(path: "tokenizer.model"))
            #expect(TokenizerFile.name(in: folder) == "tokenizer.json")
            #expect(try TokenizerFile.load(folder) is PipelineTokenizer)
            let model = try TokenizerFile.load(folder.appending(path: "tokenizer.model"))
            #expect(model is SentencePieceTokenizer)
        }
    }

    @Test func `A folder without a tokenizer, and a path without a file, are errors`() throws {
        try Paths.withTemporaryFolder { folder in
            #expect(TokenizerFile.name(in: folder) == nil)
            for url in [folder, folder.appending(path: "none")] {
                let error = try #require(throws: TokenizerError.self) { try TokenizerFile.load(url) }
                #expect(error.code == .notFound && error.message.contains(url.path))
            }
        }
    }

    @Test(arguments: [
        "", #", "add_eos_token": true"#, #", "add_bos_token": false"#,
        #", "add_bos_token": true, "add_eos_token": true"#,
    ])
    func `The config names BOS and EOS; the file's own post-processor says which are put around a text`(
        keys: String
    ) throws {
        let config = #"{"bos_token": "<|start|>", "eos_token": {"content": "<|end|>"}\#(keys)}"#
        try withFolder(["tokenizer_config.json": config]) { folder in
            let tokenizer = try TokenizerFile.load(folder)
            let eos = try #require(tokenizer.eosTokens.first)
            let bos = try #require(tokenizer.bosToken)
            #expect(tokenizer.piece(eos) == "<|end|>" && tokenizer.piece(bos) == "<|start|>")
            #expect(try tokenizer.encode("", addSpecialTokens: true) == [bos])
        }
        try withFolder([:]) { folder in
            let tokenizer = try TokenizerFile.load(folder)
            #expect(tokenizer.bosToken == nil && tokenizer.eosTokens.isEmpty)
            #expect(try tokenizer.encode("", addSpecialTokens: true).count == 1)
        }
    }

    @Test func `The config adds tokens`() throws {
        let config = #"{"added_tokens_decoder": {"5000": {"content": "<new>", "special": true}}}"#
        try withFolder(["tokenizer_config.json": config]) { folder in
            let tokenizer = try TokenizerFile.load(folder)
            #expect(try tokenizer.encode("<new>", addSpecialTokens: false) == [5000])
            #expect(tokenizer.isSpecial(5000) && tokenizer.vocabularySize == 5001)
        }
    }

    @Test(arguments: [
        #"{"added_tokens_decoder": {"5": {"content": "<new>"}}}"#, #"{"bos_token": 1}"#, "[",
    ])
    func `A config that contradicts the vocabulary is an error`(config: String) throws {
        try withFolder(["tokenizer_config.json": config]) { folder in
            let error = try #require(throws: TokenizerError.self) { try TokenizerFile.load(folder) }
            #expect(error.code == .malformedConfiguration, "\(error)")
        }
    }

    @Test(arguments: [
        ("{", "end of the text"), ("{}", "no model"), (#"{"model": {"type": "Parrot", "vocab": {}}}"#, "Parrot"),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}}"#, "twice"),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}"#, "two tokens"),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}"#, "merge 1"),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}"#, "merge 1"),
        (#"{"model": {"type": "BPE", "vocab": {"a": 99999999}, "merges": []}}"#, "99999999"),
        (#"{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 7}}"#, "unk_id"),
        (#"{"model": {"type": "Unigram", "vocab": [["a"]]}}"#, "pair"),
        (#"{"model": {"vocab": {}}, "normalizer": {"type": "Parrot"}}"#, "Parrot"),
        (#"{"model": {"vocab": {}}, "pre_tokenizer": {"type": "Parrot"}}"#, "Parrot"),
        (#"{"model": {"vocab": {}}, "post_processor": {"type": "Parrot"}}"#, "Parrot"),
        (#"{"model": {"vocab": {}}, "decoder": {"type": "Parrot"}}"#, "Parrot"),
        (
            #"{"model": {"vocab": {}}, "pre_tokenizer": {"type": "Split", "behavior": "Isolated", "pattern": {"Regex": "("}}}"#,
            "'('"
        ),
        (
            #"{"model": {"vocab": {}}, "normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}"#,
            "charsmap"
        ),
    ])
    func `A damaged tokenizer_json is an error that says what is wrong`(text: String, word: String) throws {
        let error = try #require(throws: TokenizerError.self) { try PipelineTokenizer(json: Array(text.utf8)) }
        #expect(error.message.contains(word), "\(error.message)")
    }

    @Test func `Names of a vocabulary are told apart byte by byte`() throws {
        // Canonically equivalent, and more marks than the JSON reader takes elsewhere.
        let marks = String(repeating: "\u{301}", count: 40)
        let text = #"{"model": {"type": "BPE", "vocab": {"é": 0, "e\u0301": 1, "\#(marks)": 2, "e": 3}, "merges": []}}"#
        let tokenizer = try PipelineTokenizer(json: Array(text.utf8))
        #expect(try tokenizer.encode("éee", addSpecialTokens: false) == [0, 3, 3])
        #expect(tokenizer.piece(2) == marks)
    }
}

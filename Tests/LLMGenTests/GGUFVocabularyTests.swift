import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// Vocabularies of GGUF files, held against what their own tokenizers give: `Tests/Fixtures/tokenizer/make_gguf.py`.
@Suite struct GGUFVocabularyTests {
    static let folder = Paths.fixtures.appending(path: "tokenizer/gguf")

    private struct Case: Decodable {
        let text: String
        let ids: [TokenID]
        let decoded: String
    }

    @Test(arguments: ["gpt2", "gemma4", "llama", "t5"])
    func `Texts have the ids that the vocabulary's own tokenizer gives them, and ids the texts`(name: String) throws {
        let tokenizer = try ModelTokenizer(Self.folder.appending(path: "\(name).gguf").path)
        let lines = try Data(contentsOf: Self.folder.appending(path: "\(name).jsonl")).split(separator: 0x0A)
        #expect(lines.count >= 100)
        for line in lines {
            let example = try JSONDecoder().decode(Case.self, from: line)
            let ids = try tokenizer.encode(example.text, addSpecialTokens: false)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
            let text = try tokenizer.decode(example.ids)
            #expect(text.utf8.elementsEqual(example.decoded.utf8), "\(example.ids) is \(text.debugDescription)")
        }
    }

    @Test func `BOS is put in front where the file or the pre-tokenizer says so`() throws {
        func ids(_ name: String) throws -> [TokenID] {
            try ModelTokenizer(Self.folder.appending(path: "\(name).gguf").path).encode("")
        }
        #expect(try ids("gemma4") == [1])
        let gpt2 = try ModelTokenizer(Self.folder.appending(path: "gpt2.gguf").path)
        #expect(try gpt2.decode(ids("gpt2")) == "<|start|>")
        // It has no BOS.
        #expect(try ids("llama") == [])
    }

    @Test func `The chat templates of a file have their names`() throws {
        let file = try GGUFVocabulary(path: Self.folder.appending(path: "gpt2.gguf").path)
        #expect(
            try file.chatTemplates() == ["default": "{{ messages[0].content }}", "tool_use": "{{ tools }}"])
        #expect(try GGUFVocabulary(path: Self.folder.appending(path: "llama.gguf").path).chatTemplates() == [:])
    }

    @Test(
        arguments: [
            // A key, what stands behind it in the file, what takes its place, and what the error says.
            (
                "tokenizer.ggml.bos_token_id", [4, 0, 0, 0], [4, 0, 0, 0, 0xFF, 0xFF, 0xFF],
                ["bos_token_id", "16777215"]
            ),
            ("tokenizer.ggml.eos_token_id", [4], [6], ["eos_token_id"]),
            (
                "tokenizer.ggml.pre", [8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0],
                Array("\u{8}\0\0\0\u{9}\0\0\0\0\0\0\0x".utf8), ["xlama-bpe"]
            ),
            (
                "tokenizer.ggml.model", [8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0],
                Array("\u{8}\0\0\0\u{4}\0\0\0\0\0\0\0x".utf8), ["xpt2"]
            ),
        ] as [(String, [UInt8], [UInt8], [String])])
    func `A value that cannot be is an error that names the file and the value`(
        key: String, found: [UInt8], wrong: [UInt8], mentions: [String]
    ) throws {
        var bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: "gpt2.gguf")))
        let place = try #require(bytes.firstRange(of: Array(key.utf8) + found)).lowerBound + key.utf8.count
        bytes.replaceSubrange(place..<place + wrong.count, with: wrong)
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "broken.gguf")
            try Data(bytes).write(to: file)
            let error = try #require(throws: LLMGenError.self) { try ModelTokenizer(file.path) }
            #expect(error.code == .invalidInput && !error.message.contains("\n"))
            for mention in mentions + [file.path] { #expect(error.message.contains(mention), "\(error.message)") }
        }
    }

    @Test func `A GGUF file without a vocabulary is an error that says what is missing`() throws {
        let path = Paths.fixtures.appending(path: "weights/aligned-v2.gguf").path
        let error = try #require(throws: LLMGenError.self) { try ModelTokenizer(path) }
        #expect(error.message.contains("tokenizer.ggml.tokens") && error.message.contains(path))
    }
}

import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

@Suite("A SentencePiece tokenizer")
struct SentencePieceTokenizerTests {
    let reference: Reference

    init() throws { reference = try Reference.load() }

    @Test("encodes plain text as Python's sentencepiece does", arguments: Reference.models)
    func encodesLikeSentencePiece(name: String) throws {
        let tokenizer = try SentencePieceTokenizer(folder: Reference.folder(name))
        let model = try #require(reference.sentencepiece[name])
        for example in model.encode {
            let ids = try tokenizer.encode(example.text, addSpecialTokens: false)
            #expect(ids == example.ids, "\(name): \(example.text.debugDescription)")
        }
    }

    @Test("decodes ids as Python's sentencepiece does", arguments: Reference.models)
    func decodesLikeSentencePiece(name: String) throws {
        let tokenizer = try SentencePieceTokenizer(folder: Reference.folder(name))
        let model = try #require(reference.sentencepiece[name])
        #expect(model.decode.count > 150)
        for example in model.decode {
            let text = tokenizer.decode(example.ids)
            #expect(isSame(text, example.text), "\(name): \(example.ids) is \(text.debugDescription)")
        }
    }

    @Test("has the vocabulary that Python's sentencepiece reads", arguments: Reference.models)
    func readsTheVocabulary(name: String) throws {
        let tokenizer = try SentencePieceTokenizer(folder: Reference.folder(name))
        let model = try #require(reference.sentencepiece[name])
        #expect(tokenizer.vocabularySize == model.vocabulary_size)
        #expect(tokenizer.bosToken == (model.bos < 0 ? nil : model.bos))
        #expect(tokenizer.eosTokens == [model.eos])
        for (index, piece) in model.pieces.enumerated() {
            #expect(isSame(tokenizer.piece(TokenID(index * 7)) ?? "", piece))
        }
    }

    @Test("adds BOS and finds special tokens in a text as LlamaTokenizer does")
    func encodesLikeLlama() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        for example in reference.llama.encode {
            let ids = try tokenizer.encode(example.text)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
        }
    }

    @Test("leaves out or shows special tokens as LlamaTokenizer does")
    func decodesLikeLlama() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        for example in reference.llama.decode {
            let text = tokenizer.decode(example.ids, skipSpecialTokens: example.skip ?? true)
            #expect(isSame(text, example.text), "\(example.ids) is \(text.debugDescription)")
        }
    }

    @Test("puts the prefix space behind special tokens too where the configuration is legacy")
    func encodesLikeLegacyLlama() throws {
        let tokenizer = try tokenizer("fairytale-6m", configuration: #"{"legacy": true}"#)
        for example in reference.llama_legacy.encode {
            let ids = try tokenizer.encode(example.text)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
        }
    }

    @Test("continues the bundled model's prompts as its reference tells")
    func agreesWithTheBundledModel() throws {
        struct Entries: Decodable {
            struct Entry: Decodable {
                let prompt: String
                let prompt_ids: [TokenID]
                let greedy_ids: [TokenID]
                let greedy_text: String
            }
            let entries: [Entry]
        }
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        let file = try Data(contentsOf: Paths.fairytale.appending(path: "reference.json"))
        for entry in try JSONDecoder().decode(Entries.self, from: file).entries {
            #expect(try tokenizer.encode(entry.prompt) == entry.prompt_ids)
            #expect(isSame(tokenizer.decode(entry.greedy_ids), entry.greedy_text))
        }
    }

    @Test("gives BOS alone for an empty text, or nothing")
    func encodesTheEmptyText() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        #expect(try tokenizer.encode("") == [1])
        #expect(try tokenizer.encode("", addSpecialTokens: false) == [])
        #expect(tokenizer.decode([]) == "")
    }

    @Test("brings any text back from its ids, NUL bytes and odd scalars included")
    func roundTrips() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                UInt8.random(in: 0...(Bool.random(using: &generator) ? 255 : 127), using: &generator)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let back = tokenizer.decode(try tokenizer.encode(text, addSpecialTokens: false))
            // The vocabulary's own sign for a space reads as one.
            let expected = String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{2581}" ? " " : $0 }))
            #expect(isSame(back, expected), "seed \(seed): \(text.debugDescription)")
        }
    }

    @Test("encodes a text of a megabyte, words or one endless word", arguments: ["once upon a time ", "a", "😀"])
    func encodesLongTexts(part: String) throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        let text = String(repeating: part, count: (1 << 20) / part.utf8.count)
        let ids = try tokenizer.encode(text)
        #expect(isSame(tokenizer.decode(ids), text))
    }

    @Test("refuses a text past its limit, and names both lengths")
    func refusesEndlessTexts() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        let limit = SentencePieceTokenizer.maximumTextBytes
        let error = #expect(throws: TokenizerError.self) {
            try tokenizer.encode(String(repeating: "a", count: limit + 1))
        }
        #expect(error?.code == .textTooLong)
        #expect(error?.message.contains("\(limit + 1) bytes") == true)
        #expect(error?.message.contains("\(limit) that") == true)
    }

    @Test("gives no text and no piece for ids outside the vocabulary", arguments: [-1, 4096, .min, .max] as [TokenID])
    func ignoresForeignIDs(id: TokenID) throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        #expect(tokenizer.decode([442, id, 1143]) == "there lived")
        #expect(tokenizer.piece(id) == nil)
        #expect(tokenizer.bytes(of: id) == nil)
        #expect(!tokenizer.isSpecial(id))
    }

    @Test("tells special ids from text, and what bytes each id adds")
    func describesIDs() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        #expect([0, 1, 2, 3, 442].map(tokenizer.isSpecial) == [false, true, true, false, false])
        #expect(tokenizer.piece(442) == "▁there")
        #expect(tokenizer.bytes(of: 442) == Array(" there".utf8))
        #expect(tokenizer.piece(3 + 0xE2) == "<0xE2>")
        #expect(tokenizer.bytes(of: 3 + 0xE2) == [0xE2])
        #expect(tokenizer.decode([0]) == " \u{2047} ")
    }

    @Test("is used by many threads at once")
    func isThreadSafe() async throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        let text = String(repeating: "The king said: <s> go out, naïve 😀 fool! ", count: 20)
        let expected = try tokenizer.encode(text)
        let results = try await withThrowingTaskGroup(of: [TokenID].self) { group in
            for _ in 0..<32 {
                group.addTask {
                    let ids = try tokenizer.encode(text)
                    let text = tokenizer.decode(ids, skipSpecialTokens: false)
                    return try tokenizer.encode(text, addSpecialTokens: false)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 32)
        #expect(results.allSatisfy { $0 == expected })
    }
}

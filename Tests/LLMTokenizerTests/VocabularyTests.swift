import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

/// Vocabularies as GGUF files tell them, held against the same vocabularies in files of their own.
@Suite struct VocabularyTests {
    private struct File: Decodable {
        struct Model: Decodable {
            let vocab: [String: Int]
            let merges: [[String]]
        }
        let model: Model
    }

    /// The vocabulary of a BPE fixture, its added tokens as `types` tells them.
    private func vocabulary(_ name: String, model: String) throws -> Vocabulary {
        let data = try Data(contentsOf: JSONFixture.folder(name).appending(path: "tokenizer.json"))
        let file = try JSONDecoder().decode(File.self, from: data)
        var tokens = [[UInt8]](repeating: [], count: file.model.vocab.count)
        for (token, id) in file.model.vocab { tokens[id] = Array(token.utf8) }
        var vocabulary = Vocabulary(model: model, tokens: tokens)
        vocabulary.merges = file.model.merges.map { Array($0.joined(separator: " ").utf8) }
        vocabulary.types = tokens.map { token in
            token.count == 6 && token.starts(with: "<0x".utf8) ? 6 : 1
        }
        return vocabulary
    }

    @Test func `gpt2 with the words of Llama 3 gives what its tokenizer_json gives`() throws {
        let reference = try JSONFixture.tokenizer("byte-level-llama")
        var vocabulary = try vocabulary("byte-level-llama", model: "gpt2")
        let size = vocabulary.tokens.count
        for id in size..<reference.vocabularySize {
            vocabulary.tokens.append(Array(try #require(reference.piece(TokenID(id))).utf8))
            vocabulary.types.append(reference.isSpecial(TokenID(id)) ? 3 : 4)
        }
        vocabulary.preTokenizer = "llama-bpe"
        vocabulary.bos = try reference.encode("", addSpecialTokens: true).first
        let tokenizer = try vocabulary.tokenizer()
        #expect(tokenizer.bosToken == vocabulary.bos && tokenizer.vocabularySize == reference.vocabularySize)
        for text in ["Hello king", " it's 12345 naïve\n\n\n  x", "日本語 😀", "<|end|>x", "", "\r\n\t!?"] {
            let ids = try tokenizer.encode(text, addSpecialTokens: true)
            #expect(try ids == reference.encode(text, addSpecialTokens: true), "\(text)")
            #expect(tokenizer.decode(ids) == reference.decode(ids))
        }
    }

    @Test func `gemma4 merges raw characters and falls back to bytes`() throws {
        var vocabulary = try vocabulary("byte-fallback", model: "gemma4")
        vocabulary.unknown = 0
        vocabulary.types[0] = 2
        for id in [1, 2] { vocabulary.types[id] = 3 }
        vocabulary.bos = 1
        let tokenizer = try vocabulary.tokenizer()
        let reference = try JSONFixture.tokenizer("byte-fallback")
        for text in ["the king had three sons", "naïve 字 😀 \u{7}", "a b"] {
            // The reference puts a space in front, gemma4 does not.
            let ids = try tokenizer.encode(" " + text, addSpecialTokens: false)
            #expect(try ids == reference.encode(text, addSpecialTokens: false), "\(text)")
            #expect(tokenizer.decode(ids) == " " + text)
            #expect(try tokenizer.encode(text, addSpecialTokens: true).first == 1)
        }
        #expect(try tokenizer.encode("</s>", addSpecialTokens: false) == [2])
    }

    @Test(arguments: [("bpe-plain", "llama"), ("unigram", "t5")])
    func `llama and t5 give what the SentencePiece model gives`(name: String, model: String) throws {
        let reference = try SentencePieceTokenizer(folder: Reference.folder(name))
        let ids = 0..<TokenID(reference.vocabularySize)
        var vocabulary = Vocabulary(model: model, tokens: ids.map { Array((reference.piece($0) ?? "").utf8) })
        let raw = try SentencePieceFile(Reference.folder(name).appending(path: "tokenizer.model"))
        vocabulary.scores = raw.scores
        vocabulary.types = raw.types
        vocabulary.characterMap = raw.characterMap
        vocabulary.bos = reference.bosToken
        vocabulary.eos = reference.eosTokens.first
        vocabulary.addsBOS = reference.addsBOS
        vocabulary.addsEOS = reference.addsEOS
        vocabulary.addsSpacePrefix = raw.addsSpacePrefix
        vocabulary.removesExtraWhitespaces = raw.removesExtraWhitespaces
        let tokenizer = try vocabulary.tokenizer()
        #expect(tokenizer.vocabularySize == reference.vocabularySize)
        for example in try #require(try Reference.load().sentencepiece[name]).encode {
            let ids = try tokenizer.encode(example.text, addSpecialTokens: false)
            if !example.text.contains("<") { #expect(ids == example.ids, "\(example.text.debugDescription)") }
        }
    }

    @Test(arguments: [TokenID(0), nil])
    func `Tokens of the unknown type that pad a vocabulary are never produced`(unknown: TokenID?) throws {
        var vocabulary = Vocabulary(model: "llama", tokens: ["<unk>", "a", "[PAD2]", "[PAD3]"].map { Array($0.utf8) })
        vocabulary.types = [2, 1, 2, 2]
        vocabulary.scores = [0, -1, 0, 0]
        vocabulary.unknown = unknown
        vocabulary.addsSpacePrefix = false
        let tokenizer = try vocabulary.tokenizer()
        #expect(try tokenizer.encode("a[PAD2]b", addSpecialTokens: false) == [1, 0])
        #expect(tokenizer.piece(3) == "[PAD3]" && tokenizer.vocabularySize == 4)
    }

    @Test(arguments: [("qwen2", 1), ("qwen35", 2)])
    func `A text is composed where the original tokenizer does so`(name: String, count: Int) throws {
        // The bytes of é, and of e with U+0301, as byte-level tokens spell them.
        var vocabulary = Vocabulary(
            model: "gpt2", tokens: ["e", "Ã", "©", "Ì", "ģ", "Ã©", "Ìģ"].map { Array($0.utf8) })
        vocabulary.merges = ["Ã ©", "Ì ģ"].map { Array($0.utf8) }
        vocabulary.preTokenizer = name
        let ids = try vocabulary.tokenizer().encode("e\u{301}", addSpecialTokens: false)
        #expect(ids == (count == 1 ? [5] : [0, 6]))
    }

    @Test func `A model or pre-tokenizer that is not known is an error that names it`() throws {
        var vocabulary = Vocabulary(model: "parrot", tokens: [Array("a".utf8)])
        #expect(try #require(throws: TokenizerError.self) { try vocabulary.tokenizer() }.message.contains("parrot"))
        vocabulary.model = "gpt2"
        vocabulary.preTokenizer = "parrot"
        let error = try #require(throws: TokenizerError.self) { try vocabulary.tokenizer() }
        #expect(error.code == .unsupported && error.message.contains("parrot"))
    }

    @Test func `Fields that contradict one another are errors`() throws {
        let good = Vocabulary(model: "gpt2", tokens: [Array("a".utf8), Array("b".utf8)])
        #expect(try good.tokenizer().vocabularySize == 2)
        let damages: [(inout Vocabulary) -> Void] = [
            { $0.tokens = [] }, { $0.scores = [1] }, { $0.types = [1, 1, 1] }, { $0.bos = 2 }, { $0.eos = -1 },
            { $0.tokens[0] = [0xFF] }, { $0.merges = [Array("a c".utf8)] }, { $0.merges = [Array("a".utf8)] },
            {
                $0.model = "llama"; $0.types = [1, 9]
            },
            {
                $0.model = "t5"; $0.scores = [0, .nan]
            },
            {
                $0.model = "llama"; $0.tokens[1] = []
            },
        ]
        for damage in damages {
            var vocabulary = good
            damage(&vocabulary)
            let error = try #require(throws: TokenizerError.self) { try vocabulary.tokenizer() }
            #expect(!error.message.contains("\n"))
        }
    }

    @Test func `Every known name of a pre-tokenizer makes a tokenizer`() throws {
        for name in GGUFPreTokenizer.names {
            var vocabulary = try vocabulary("byte-level-llama", model: "gpt2")
            vocabulary.preTokenizer = name
            let tokenizer = try vocabulary.tokenizer()
            let text = "Hello, it's 12345 naïve 字 words\n\n  x"
            #expect(tokenizer.decode(try tokenizer.encode(text, addSpecialTokens: false)) == text, "\(name)")
        }
    }
}

/// The scores, types and character map of a `tokenizer.model`, read from its protobuf fields.
private struct SentencePieceFile {
    var scores: [Float] = []
    var types: [Int32] = []
    var characterMap: [UInt8] = []
    var addsSpacePrefix = true
    var removesExtraWhitespaces = true

    init(_ file: URL) throws {
        for (field, value) in Self.fields(Array(try Data(contentsOf: file))) {
            if field == 1 {
                var (score, type): (Float, Int32) = (0, 1)
                for (field, value) in Self.fields(value) {
                    let bits = value.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                    if field == 2 { score = Float(bitPattern: bits) }
                    if field == 3 { type = Int32(bits) }
                }
                scores.append(score)
                types.append(type)
            } else if field == 3 {
                for (field, value) in Self.fields(value) {
                    if field == 2 { characterMap = value }
                    if field == 3 { addsSpacePrefix = value[0] != 0 }
                    if field == 4 { removesExtraWhitespaces = value[0] != 0 }
                }
            }
        }
    }

    /// Field numbers and their bytes; those of a number are little-endian.
    private static func fields(_ bytes: [UInt8]) -> [(Int, [UInt8])] {
        var position = 0
        func varint() -> Int {
            var (value, shift) = (0, 0)
            while true {
                let byte = Int(bytes[position])
                position += 1
                value |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { return value }
            }
        }
        var fields: [(Int, [UInt8])] = []
        while position < bytes.count {
            let key = varint()
            let length: Int
            switch key & 7 {
            case 0:
                let value = varint()
                fields.append((key >> 3, (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }))
                continue
            case 2: length = varint()
            default: length = key & 7 == 5 ? 4 : 8
            }
            fields.append((key >> 3, Array(bytes[position..<position + length])))
            position += length
        }
        return fields
    }
}

import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

/// What Hugging Face's `tokenizers` gives for one text: `cases.jsonl`, by `make_json_fixture.py`.
struct TokenizerCase: Decodable, Sendable {
    let text: String
    /// With special tokens.
    let ids: [TokenID]
    /// Without.
    let plain: [TokenID]
    /// The text of `ids`, special tokens left out.
    let skipped: String
    /// The text of `ids` as a whole.
    let full: String

    static func load(_ file: URL) throws -> [TokenizerCase] {
        try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(TokenizerCase.self, from: $0)
        }
    }
}

/// The tokenizers of `Tests/Fixtures/tokenizer/json`, one of each kind.
enum JSONFixture {
    static let names = [
        "byte-level-llama", "byte-level-gpt2", "byte-fallback", "unigram", "word-piece", "steps", "precompiled",
    ]

    static func folder(_ name: String) -> URL { Paths.fixtures.appending(path: "tokenizer/json/\(name)") }

    static func tokenizer(_ name: String) throws -> any Tokenizer { try TokenizerFile.load(folder(name)) }
}

@Suite struct TokenizerJSONTests {
    @Test(arguments: JSONFixture.names)
    func `Texts have the ids that tokenizers gives them`(name: String) throws {
        let tokenizer = try JSONFixture.tokenizer(name)
        let cases = try TokenizerCase.load(JSONFixture.folder(name).appending(path: "cases.jsonl"))
        #expect(cases.count >= 100)
        for example in cases {
            let ids = try tokenizer.encode(example.text, addSpecialTokens: true)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
            let plain = try tokenizer.encode(example.text, addSpecialTokens: false)
            #expect(plain == example.plain, "\(example.text.debugDescription)")
        }
    }

    @Test(arguments: JSONFixture.names)
    func `Ids have the texts that tokenizers gives them, in whatever pieces they come`(name: String) throws {
        let tokenizer = try JSONFixture.tokenizer(name)
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for example in try TokenizerCase.load(JSONFixture.folder(name).appending(path: "cases.jsonl")) {
            for (skips, expected) in [(true, example.skipped), (false, example.full)] {
                let whole = tokenizer.decode(example.ids, skipSpecialTokens: skips)
                #expect(isSame(whole, expected), "\(example.ids) is \(whole.debugDescription)")
                var decoder = StreamDecoder(tokenizer: tokenizer, skipSpecialTokens: skips)
                var text = ""
                var rest = example.ids[...]
                while !rest.isEmpty {
                    let count = Int.random(in: 0...4, using: &generator)
                    text += decoder.append(contentsOf: rest.prefix(count))
                    rest = rest.dropFirst(count)
                }
                text += decoder.finish()
                #expect(isSame(text, expected), "seed \(seed): \(example.ids) is \(text.debugDescription)")
            }
        }
    }

    @Test(arguments: JSONFixture.names, [true, false])
    func `A completion behind any prompt reads as one with it`(name: String, skips: Bool) throws {
        let tokenizer = try JSONFixture.tokenizer(name)
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let size = TokenID(tokenizer.vocabularySize)
        for _ in 0..<1500 {
            let ids = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? TokenID.random(in: -1...size, using: &generator) : TokenID.random(in: 0..<270, using: &generator)
            }
            let cut = Int.random(in: 0...ids.count, using: &generator)
            let whole = tokenizer.decode(ids, skipSpecialTokens: skips)
            var settling = StreamDecoder(tokenizer: tokenizer, skipSpecialTokens: skips)
            let settled = settling.append(contentsOf: ids[..<cut])
            let alone = settled + settling.finish()
            var decoder = StreamDecoder(
                tokenizer: tokenizer, prompt: Array(ids[..<cut]), skipSpecialTokens: skips)
            let text = decoder.append(contentsOf: ids[cut...]) + decoder.finish()
            #expect(
                isSame(alone + text, whole) || isSame(settled + text, whole),
                "seed \(seed): \(ids[..<cut]) then \(ids[cut...]) is \(text.debugDescription)")
        }
    }

    /// A comparison of any size: see `make_json_fixture.py`.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["LLMGEN_TOKENIZER"] != nil))
    func `Texts of a given file have the ids that it tells`() throws {
        let environment = ProcessInfo.processInfo.environment
        let tokenizer = try TokenizerFile.load(URL(fileURLWithPath: try #require(environment["LLMGEN_TOKENIZER"])))
        let file = try #require(environment["LLMGEN_TOKENIZER_CASES"])
        let cases = try TokenizerCase.load(URL(fileURLWithPath: file))
        print("comparing \(cases.count) texts")
        for example in cases {
            let ids = try tokenizer.encode(example.text, addSpecialTokens: true)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
            for (skips, expected) in [(true, example.skipped), (false, example.full)] {
                let text = tokenizer.decode(example.ids, skipSpecialTokens: skips)
                #expect(isSame(text, expected), "\(example.ids) is \(text.debugDescription)")
            }
        }
    }

    @Test func `Two texts become one as tokenizers makes them one`() throws {
        struct Pair: Decodable {
            let first: String
            let second: String
            let ids: [TokenID]
            let types: [Int32]
        }
        let file = Paths.fixtures.appending(path: "tokenizer/json/pairs.json")
        let rows = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [[String: Any]])
        #expect(rows.count == 10)
        for row in rows {
            let name = try #require(row["name"] as? String)
            let json = JSONFixture.folder(name).appending(path: "tokenizer.json")
            var members = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: json)) as? [String: Any])
            members["post_processor"] = row["post_processor"]
            let tokenizer = try PipelineTokenizer(json: Array(JSONSerialization.data(withJSONObject: members)))
            let cases = try JSONSerialization.data(withJSONObject: #require(row["cases"]))
            for example in try JSONDecoder().decode([Pair].self, from: cases) {
                let pair = try tokenizer.pair(
                    tokenizer.encode(example.first, addSpecialTokens: false),
                    tokenizer.encode(example.second, addSpecialTokens: false))
                #expect(pair.ids == example.ids, "\(name): \(example.first.debugDescription)")
                #expect(pair.types == example.types, "\(name): \(example.first.debugDescription)")
            }
        }
    }

    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["LLMGEN_MINILM"] != nil,
            "LLMGEN_MINILM names no folder of all-MiniLM-L6-v2"))
    func `Texts have the ids that a real encoder's own tokenizer gives them`() throws {
        struct Reference: Decodable {
            struct Text: Decodable {
                let text: String
                let ids: [TokenID]
            }
            let texts: [Text]
        }
        let file = Paths.fixtures.appending(path: "embeddings/minilm.json")
        let folder = try #require(ProcessInfo.processInfo.environment["LLMGEN_MINILM"])
        let tokenizer = try TokenizerFile.load(URL(fileURLWithPath: folder))
        for example in try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file)).texts {
            #expect(try tokenizer.encode(example.text, addSpecialTokens: true) == example.ids)
        }
    }

    @Test func `Files that do not say how two texts become one are refused where that is asked`() throws {
        let bert = #"{"type": "BertProcessing", "cls": ["a", 0], "sep": ["b", 1]}"#
        let broken = #"""
            {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}], "special_tokens": {},
             "pair": [{"SpecialToken": {"id": "c"}}]}
            """#
        for processor in [#"{"type": "Sequence", "processors": [\#(bert), \#(bert)]}"#, broken] {
            let json = #"""
                {"model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"},
                 "post_processor": \#(processor)}
                """#
            let tokenizer = try PipelineTokenizer(json: Array(json.utf8))
            #expect(throws: TokenizerError.self) { try tokenizer.pair([0], [1]) }
        }
    }

    @Test func `Special tokens in a row lose the decoder's spaces where that is asked`() throws {
        let tokenizer = try JSONFixture.tokenizer("word-piece")
        let ids: [TokenID] = [2, 3, 3, 5]
        let word = try #require(tokenizer.piece(5))
        #expect(tokenizer.decode(ids, skipSpecialTokens: false) == "[CLS] [SEP] [SEP] \(word)")
        let joined = tokenizer.decode(ids, skipSpecialTokens: false, spacesBetweenSpecialTokens: false)
        #expect(joined == "[CLS][SEP][SEP] \(word)")
        #expect(tokenizer.decode(ids) == word)
    }

    @Test func `A broken character is one replacement, and a hidden token does not end one`() throws {
        let tokenizer = try JSONFixture.tokenizer("byte-level-llama")
        let euro = try tokenizer.encode("€", addSpecialTokens: false)
        // The trained vocabulary has the bytes E2, 82 and AC as tokens.
        let bytes = try [0xE2, 0x82, 0xAC].map { byte in
            try #require((0..<TokenID(tokenizer.vocabularySize)).first { tokenizer.text(of: $0) == .bytes([byte]) })
        }
        #expect(tokenizer.decode(euro) == "€" && tokenizer.decode(bytes) == "€")
        #expect(tokenizer.decode(Array(bytes[..<2])) == "\u{FFFD}")
        let special = try #require((0..<TokenID(tokenizer.vocabularySize)).first { tokenizer.isSpecial($0) })
        #expect(tokenizer.decode([bytes[0], special, bytes[1], bytes[2]]) == "€")
    }

    @Test func `A word of a million characters takes no quadratic time`() throws {
        for name in JSONFixture.names {
            let tokenizer = try JSONFixture.tokenizer(name)
            for unit in ["a", "ab", "é", " ", "字", "e\u{301}\u{323}"] {
                let text = String(repeating: unit, count: 1_000_000 / unit.unicodeScalars.count)
                let ids = try tokenizer.encode(text, addSpecialTokens: false)
                #expect(!ids.isEmpty || unit == " ", "\(name)")
            }
        }
    }
}

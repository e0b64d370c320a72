import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

/// Folders with a `vocab.txt` alone, against what transformers' classes give: `make_vocabulary_fixture.py`.
@Suite struct VocabularyFileTests {
    static let names = ["bert", "bert-cased", "bert-accents", "bert-stripped", "mpnet"]

    private static func folder(_ name: String) -> URL {
        Paths.fixtures.appending(path: "tokenizer/vocabulary/\(name)")
    }

    private struct Pair: Decodable {
        let first: String
        let second: String
        let ids: [TokenID]
        let types: [Int32]
    }

    @Test(arguments: names)
    func `Texts have the ids, and ids the texts, that transformers gives`(name: String) throws {
        let folder = VocabularyFileTests.folder(name)
        let tokenizer = try TokenizerFile.load(folder)
        let cases = try TokenizerCase.load(folder.appending(path: "cases.jsonl"))
        #expect(cases.count >= 100)
        for example in cases {
            let shown = example.text.debugDescription
            #expect(try tokenizer.encode(example.text, addSpecialTokens: true) == example.ids, "\(shown)")
            #expect(try tokenizer.encode(example.text, addSpecialTokens: false) == example.plain, "\(shown)")
            #expect(isSame(tokenizer.decode(example.ids, skipSpecialTokens: true), example.skipped), "\(shown)")
            #expect(isSame(tokenizer.decode(example.ids, skipSpecialTokens: false), example.full), "\(shown)")
        }
    }

    @Test(arguments: names)
    func `A pair is put together as transformers does it`(name: String) throws {
        let folder = VocabularyFileTests.folder(name)
        let tokenizer = try TokenizerFile.load(folder)
        let pair = try JSONDecoder().decode(Pair.self, from: Data(contentsOf: folder.appending(path: "pair.json")))
        let both = try tokenizer.pair(
            try tokenizer.encode(pair.first, addSpecialTokens: false),
            try tokenizer.encode(pair.second, addSpecialTokens: false))
        #expect(both.ids == pair.ids)
        #expect(both.types == pair.types)
    }

    static let refusals: [(vocabulary: String, config: String?, words: [String])] = [
        ("[CLS]\n[SEP]\n", nil, ["vocab.txt", "'[UNK]'"]),
        ("[UNK]\n[SEP]\na\n", nil, ["'[CLS]'", "tokenizer_config.json"]),
        ("[UNK]\n[CLS]\n", nil, ["'[SEP]'"]),
        (
            "[UNK]\n[CLS]\n[SEP]\n", #"{"tokenizer_class": "BertJapaneseTokenizer"}"#,
            ["BertJapaneseTokenizer", "BertTokenizer"]
        ),
        ("[UNK]\n[CLS]\n[SEP]\n", #"{"do_basic_tokenize": false}"#, ["do_basic_tokenize"]),
        ("[UNK]\n[CLS]\n[SEP]\n", #"{"do_lower_case": "yes"}"#, ["tokenizer_config.json", "do_lower_case"]),
        ("[UNK]\n[CLS]\n[SEP]\n", #"{"cls_token": "<s>"}"#, ["'<s>'"]),
        ("", nil, ["'[UNK]'"]),
    ]

    @Test(arguments: refusals)
    func `A vocabulary that says no tokenizer is an error`(vocabulary: String, config: String?, words: [String]) throws
    {
        try Paths.withTemporaryFolder { folder in
            try Data(vocabulary.utf8).write(to: folder.appending(path: "vocab.txt"))
            if let config { try Data(config.utf8).write(to: folder.appending(path: "tokenizer_config.json")) }
            let error = try #require(throws: TokenizerError.self) { try TokenizerFile.load(folder) }
            for word in words { #expect(error.message.contains(word), "\(error.message)") }
        }
    }

    @Test func `A line that is no UTF-8 is an error with its number`() throws {
        try Paths.withTemporaryFolder { folder in
            try Data(Array("[UNK]\n[CLS]\n".utf8) + [0xFF, 0x0A]).write(to: folder.appending(path: "vocab.txt"))
            let error = try #require(throws: TokenizerError.self) { try TokenizerFile.load(folder) }
            #expect(error.message.contains("line 3"))
        }
    }

    @Test func `A tokenizer_json beside it counts`() throws {
        try Paths.withTemporaryFolder { folder in
            try Data("[UNK]\n".utf8).write(to: folder.appending(path: "vocab.txt"))
            try FileManager.default.copyItem(
                at: JSONFixture.folder("word-piece").appending(path: "tokenizer.json"),
                to: folder.appending(path: "tokenizer.json"))
            #expect(TokenizerFile.name(in: folder) == "tokenizer.json")
            #expect(try TokenizerFile.load(folder).vocabularySize > 1)
        }
    }
}

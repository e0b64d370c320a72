import Foundation
import LLMTestSupport
import LLMWeights
import Testing

@Suite struct GGUFFileTests {
    private static let folder = Paths.fixtures.appending(path: "weights")

    /// What the PyPI package gguf finds in the fixtures; see make_gguf.py.
    private struct Expected: Decodable {
        struct Tensor: Decodable {
            let name, dtype: String
            let shape: [Int]
            let bytes: Int
        }
        let version: Int
        let keys: [[String]]
        let tensors: [Tensor]
    }

    private func fixture(_ name: String) throws -> GGUFFile {
        try GGUFFile(path: Self.folder.appending(path: name).path)
    }

    @Test(arguments: ["values.gguf", "aligned-v2.gguf"])
    func `The header says what the reference implementation reads in it`(name: String) throws {
        let json = try Data(contentsOf: Self.folder.appending(path: "gguf.json"))
        let expected = try #require(try JSONDecoder().decode([String: Expected].self, from: json)[name])
        let file = try fixture(name)
        #expect(file.version == expected.version)
        #expect(file.metadata.keys.map { [$0, file.metadata.type(of: $0).map { "\($0)" } ?? "none"] } == expected.keys)
        #expect(file.tensors.map(\.name) == expected.tensors.map(\.name))
        #expect(file.tensors.map(\.dtypeName) == expected.tensors.map(\.dtype))
        #expect(file.tensors.map(\.shape) == expected.tensors.map(\.shape))
        #expect(file.tensors.map(\.byteCount) == expected.tensors.map(\.bytes))
    }

    @Test func `Values of every type come through`() throws {
        let values = try fixture("values.gguf").metadata
        let all = Int.min...Int.max
        #expect(try values.string("text") == "one \"two\"\n三 🐍")
        for (key, value) in [
            ("uint8", 255), ("int8", -128), ("uint16", 65_535), ("int16", -32_768), ("uint32", 4_294_967_295),
            ("int32", -2_147_483_648), ("uint64.small", Int.max), ("int64", Int.min),
        ] {
            #expect(try values.integer(key, in: all) == value, "\(key)")
        }
        #expect(try values.number("float32", in: 0...1) == Double(Float(1e-5)))
        #expect(try values.number("float64", in: 0...1) == 1 / 3)
        #expect(try values.number("uint64", in: 0...1e20) == 0x1p64)
        #expect(try values.number("int8", in: -200...0) == -128)
        #expect(try values.flag("yes"))
        #expect(try !values.flag("no"))
        for type in ["uint8", "int8", "uint16", "int16", "uint32", "uint64", "int64"] {
            #expect(try values.integers("array.\(type)", in: all) == [1, 2, 3], "\(type)")
        }
        #expect(try values.floats("array.float64") == [1, 2, 3])
        #expect(try values.floats("array.int8") == [1, 2, 3])
        #expect(try values.integers("uint8", in: all) == [255])
    }

    @Test func `A vocabulary comes through as texts and as bytes`() throws {
        let values = try fixture("values.gguf").metadata
        let tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "\u{2581}a", "\u{E9}\u{301}", "😀", "", "\u{120}the"]
        #expect(try values.byteStrings("tokenizer.ggml.tokens") == tokens.map { Array($0.utf8) })
        #expect(try values.strings("tokenizer.ggml.tokens").map { Array($0.utf8) } == tokens.map { Array($0.utf8) })
        #expect(try values.floats("tokenizer.ggml.scores") == (0..<9).map { -0.5 * Float($0) })
        #expect(try values.integers("tokenizer.ggml.token_type", in: 0...10) == [2, 3, 3, 6, 1, 1, 1, 5, 1])
    }

    @Test func `A missing key has its fallback, or is named`() throws {
        let values = try fixture("values.gguf").metadata
        #expect(try values.integer("none", in: 0...1, default: 7) == 7)
        #expect(try values.number("none", in: 0...1, default: 7) == 7)
        #expect(try values.string("none", default: "x") == "x")
        #expect(try values.flag("none", default: true))
        #expect(try values.strings("none") == [] && values.byteStrings("none") == [] && values.floats("none") == [])
        #expect(try values.integers("none", in: 0...1) == [])
        let error = try #require(throws: WeightsError.self) { try values.integer("none", in: 0...1) }
        #expect(error.code == .invalidMetadata)
        for word in ["values.gguf'", "'none' is missing"] { #expect(error.message.contains(word), "\(error)") }
    }

    private static let misuses: [(words: [String], use: @Sendable (GGUFMetadata) throws -> Void)] = [
        (["'uint8' is 255", "from 0 to 254"], { _ = try $0.integer("uint8", in: 0...254) }),
        (["'uint64' is 18446744073709551615", "to 9"], { _ = try $0.integer("uint64", in: 0...9) }),
        (["'float64' is 0.333", "a whole number"], { _ = try $0.integer("float64", in: 0...9) }),
        (["'text' is 'one \"two\"\\u{a}", "a whole number"], { _ = try $0.integer("text", in: 0...9) }),
        (["'yes' is true", "a number from"], { _ = try $0.number("yes", in: 0...9) }),
        (["'uint8' is 255", "true or false"], { _ = try $0.flag("uint8") }),
        (["'no' is false", "a string"], { _ = try $0.string("no") }),
        (["'nested' is a list of 3 of type array", "a string"], { _ = try $0.string("nested") }),
        (["'int8' is -128", "a list"], { _ = try $0.strings("int8") }),
        (["'flags' is a list of 3 of type bool", "texts"], { _ = try $0.byteStrings("flags") }),
        (["'nested.text'", "numbers"], { _ = try $0.floats("nested.text") }),
        (["'flags'", "whole numbers"], { _ = try $0.integers("flags", in: 0...9) }),
        (["'array.int8'", "from 0 to 2"], { _ = try $0.integers("array.int8", in: 0...2) }),
        (["'tokenizer.ggml.tokens' is a list of 9", "numbers"], { _ = try $0.floats("tokenizer.ggml.tokens") }),
    ]

    @Test(arguments: misuses.indices)
    func `A value of another kind or out of range is named, with what it must be`(index: Int) throws {
        let (words, use) = GGUFFileTests.misuses[index]
        let values = try fixture("values.gguf").metadata
        let error = try #require(throws: WeightsError.self) { try use(values) }
        #expect(error.code == .invalidMetadata && !error.message.contains("\n"))
        for word in words + ["values.gguf'"] { #expect(error.message.contains(word), "\(error)") }
    }

    @Test func `Texts that are no UTF-8 are bytes`() throws {
        let elements = GGUF.string([0xFF, 0xFE]) + GGUF.string("a")
        let gguf = GGUF(values: [
            GGUF.array("list", 8, count: 2, elements), GGUF.value("text", .string, GGUF.string([0x80])),
        ])
        try gguf.with { file in
            #expect(try file.metadata.byteStrings("list") == [[0xFF, 0xFE], [0x61]])
            let list = try #require(throws: WeightsError.self) { try file.metadata.strings("list") }
            #expect(list.message.contains("number 0"), "\(list)")
            let text = try #require(throws: WeightsError.self) { try file.metadata.string("text") }
            #expect(text.message.contains("1 bytes that are no UTF-8"), "\(text)")
        }
    }

    @Test func `Texts and lists may be empty`() throws {
        let gguf = GGUF(values: [
            GGUF.value("text", ""), GGUF.array("texts", []), GGUF.array("floats", 6, count: 0, []),
        ])
        let values = try gguf.with { $0.metadata }
        #expect(try values.string("text") == "")
        #expect(try values.strings("texts") == [] && values.floats("floats") == [])
    }

    @Test func `A file of nothing but its header is sound`() throws {
        try GGUF().with { file in
            #expect(file.tensors.isEmpty && file.metadata.keys.isEmpty && file.version == 3)
        }
    }

    @Test func `A tensor is viewed where its type is known, else the types that are read are named`() throws {
        let file = try fixture("values.gguf")
        file.willNeed("ids")
        file.willNeed("none")
        #expect(try file.tensor(named: "norm.weight").shape == [5])
        #expect(try file.tensor(named: "Q4_0.weight").floats().count == 3 * 2 * 32)
        let unread = try #require(throws: WeightsError.self) { try file.tensor(named: "ids") }
        #expect(unread.code == .unsupported, "\(unread)")
        for word in ["'ids'", "I64", "BF16", "Q8_0", "convert"] { #expect(unread.message.contains(word), "\(unread)") }
        let missing = try #require(throws: WeightsError.self) { try file.tensor(named: "none") }
        #expect(missing.code == .missingTensor)
    }

    @Test func `Arrays may be in arrays, as deep as is allowed`() throws {
        func nested(_ depth: Int) -> GGUF {
            var value = GGUF.little(UInt32(0)) + GGUF.little(UInt64(2)) + [1, 2]
            for _ in 1..<depth { value = GGUF.little(UInt32(9)) + GGUF.little(UInt64(1)) + value }
            return GGUF(values: [GGUF.value("n", .array, value)])
        }
        for depth in 1...9 { try nested(depth).with { #expect($0.metadata.keys == ["n"]) } }
        for depth in [10, 1000] {
            let error = try #require(throws: WeightsError.self) { try nested(depth).with { _ in } }
            #expect(error.message.contains("deeper than 8"), "\(error)")
        }
    }
}

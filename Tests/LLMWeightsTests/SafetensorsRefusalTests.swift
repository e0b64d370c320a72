import LLMWeights
import Testing

/// What is not a safetensors file, and the words that its error must have.
struct Refusal: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let words: [String]
    var code = WeightsError.Code.corrupt

    init(_ name: String, bytes: [UInt8], _ words: String...) {
        testDescription = name
        self.bytes = bytes
        self.words = words
    }

    /// A header, and 8 bytes of data.
    init(_ name: String, _ header: String, _ words: String...) {
        testDescription = name
        bytes = safetensors(header, data: .init(repeating: 0, count: 8))
        self.words = words
    }

    /// One tensor "w" with these fields, and 8 bytes of data.
    init(_ name: String, fields: String, _ words: String...) {
        testDescription = name
        bytes = safetensors(#"{"w":{\#(fields)}}"#, data: .init(repeating: 0, count: 8))
        self.words = words
    }

    func with(code: WeightsError.Code) -> Refusal {
        var copy = self
        copy.code = code
        return copy
    }
}

@Suite struct SafetensorsRefusalTests {
    static let good = #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#

    static let lengths = [
        Refusal("empty file", bytes: [], "0 bytes", "8"),
        Refusal("seven bytes", bytes: [1, 0, 0, 0, 0, 0, 0], "7 bytes", "8"),
        Refusal("length only", bytes: littleEndian(0), "begins with 00 00").with(code: .unsupported),
        Refusal("length 0", bytes: littleEndian(0) + Array("{}".utf8), "end of the text", "'{'"),
        Refusal("length 1", bytes: littleEndian(1) + Array("{}".utf8), "end of the text", "byte 1 of 1"),
        Refusal("one beyond the file", bytes: littleEndian(3) + Array("{}".utf8), "3 bytes", "where 2 follow"),
        Refusal("beyond the limit", bytes: littleEndian(100_000_001) + Array("{}".utf8), "100000001", "100000000"),
        Refusal("2^63", bytes: littleEndian(1 << 63) + Array("{}".utf8), "9223372036854775808", "100000000"),
        Refusal("2^64 - 1", bytes: littleEndian(.max) + Array("{}".utf8), "18446744073709551615"),
        Refusal("leading space", " " + good, "begins with").with(code: .unsupported),
        Refusal("an array", "[]", "begins with").with(code: .unsupported),
        Refusal(
            "Git LFS pointer", bytes: Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git lfs pull"
        ).with(code: .unsupported),
    ]

    static let json = [
        Refusal("never closed", #"{"w":{"#, "end of the text"),
        Refusal("no name", "{5}", "'5'", #"'"'"#),
        Refusal("no colon", #"{"w" {}}"#, "':'"),
        Refusal("trailing comma", good.dropLast() + ",}", #"'"' is needed"#),
        Refusal("no comma", #"{"__metadata__":{} "w":{}}"#, "','"),
        Refusal("text after it", good + "x", "'x' after the end"),
        Refusal("NUL padding", good + "\0\0", "byte 0x0 after the end"),
        Refusal("name twice", good.dropLast() + "," + good.dropFirst(), "'w' appears twice"),
        Refusal("name twice, once escaped", good.dropLast() + #","\u0077":{}}"#, "'w' appears twice"),
        Refusal("__metadata__ twice", #"{"__metadata__":{},"__metadata__":{}}"#, "'__metadata__' appears twice"),
        Refusal("metadata key twice", #"{"__metadata__":{"a":"","a":""}}"#, "'a' appears twice"),
        Refusal("field twice", fields: #""dtype":"F32","dtype":"F32""#, "'w'", "'dtype' appears twice"),
        Refusal("metadata is no object", #"{"__metadata__":"pt"}"#, "'__metadata__'", "'{'"),
        Refusal("metadata value is no string", #"{"__metadata__":{"a":1}}"#, "'__metadata__' 'a'", "'1'"),
        Refusal("tensor is no object", #"{"w":[]}"#, "'w'", "'['"),
        Refusal("raw newline in a string", "{\"a\nb\":{}}", "control character"),
        Refusal("unknown escape", #"{"\x":{}}"#, "unknown escape"),
        Refusal("short unicode escape", #"{"\u12":{}}"#, "hexadecimal"),
        Refusal("lone high surrogate", #"{"\ud800":{}}"#, "surrogate"),
        Refusal("lone low surrogate", #"{"\udc00x":{}}"#, "surrogate"),
        Refusal("high surrogate and a letter", #"{"\ud800\u0041":{}}"#, "surrogate"),
        Refusal("never closed string", #"{"abc"#, "closing quote"),
        Refusal("ends in an escape", #"{"abc\"#, "escape"),
        Refusal("not UTF-8", bytes: safetensors(Array("{\"".utf8) + [0xC3, 0x28] + Array("\":{}}".utf8)), "UTF-8"),
        Refusal(
            "overlong UTF-8", bytes: safetensors(Array("{\"".utf8) + [0xC0, 0x80] + Array("\":{}}".utf8)), "UTF-8"),
        Refusal(
            "a million combining marks", "{\"a" + String(repeating: "\u{301}\u{323}", count: 500_000) + "\":{}}",
            "more than 30 combining marks"),
        Refusal("bad word", fields: #""x":nul"#, "'w' 'x'", "'n'"),
        Refusal("bad number", fields: #""x":-"#, "'}' where a value is needed"),
        Refusal("number with leading zero", fields: #""x":01"#, "leading zero"),
        Refusal("number that ends in a point", fields: #""x":1."#, "value is needed"),
        Refusal("wrong bracket", fields: #""x":[1}"#, "','"),
        Refusal("a million open arrays", "{\"w\":{\"x\":" + String(repeating: "[", count: 1_000_000), "deeper than 64"),
        Refusal("a million open objects", "{" + String(repeating: "\"a\":{", count: 1_000_000), "deeper than 64"),
    ]

    static let fields = [
        Refusal("no dtype", fields: #""shape":[2],"data_offsets":[0,8]"#, "'w' has no dtype"),
        Refusal("no shape", fields: #""dtype":"F32","data_offsets":[0,8]"#, "'w' has no shape"),
        Refusal("no offsets", fields: #""dtype":"F32","shape":[2]"#, "'w' has no data_offsets"),
        Refusal("dtype is no string", fields: #""dtype":4"#, "'w' 'dtype'", "'4'"),
        Refusal("unknown dtype", fields: #""dtype":"Q4_0","shape":[2],"data_offsets":[0,8]"#, "'Q4_0'", "BF16")
            .with(code: .unsupported),
        Refusal("dtype in small letters", fields: #""dtype":"f32","shape":[2],"data_offsets":[0,8]"#, "'f32'")
            .with(code: .unsupported),
        Refusal("shape is no array", fields: #""shape":2"#, "'w' 'shape'", "'2'"),
        Refusal("negative size", fields: #""shape":[2,-1]"#, "'w' 'shape'[1]", "negative"),
        Refusal("minus zero", fields: #""shape":[-0]"#, "negative"),
        Refusal("fraction", fields: #""shape":[2.0]"#, "'shape'[0]", "fraction"),
        Refusal("exponent", fields: #""shape":[2e0]"#, "exponent"),
        Refusal("leading zero", fields: #""shape":[02]"#, "leading zero"),
        Refusal("2^63", fields: #""shape":[9223372036854775808]"#, "9223372036854775807"),
        Refusal("a thousand digits", fields: #""shape":[\#(String(repeating: "9", count: 1000))]"#, "limit"),
        Refusal("a string for a size", fields: #""shape":["2"]"#, "whole number"),
        Refusal("null for a size", fields: #""shape":[null]"#, "whole number"),
        Refusal("an array for a size", fields: #""shape":[[2]]"#, "whole number"),
        Refusal(
            "65 dimensions", fields: #""shape":[\#(Array(repeating: "1", count: 65).joined(separator: ","))]"#, "64"),
        Refusal(
            "product overflow", fields: #""dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]"#,
            "[4294967296, 4294967296]", "limit"),
        Refusal(
            "byte overflow", fields: #""dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,8]"#, "limit"),
        Refusal(
            "overflow beside a zero",
            fields: #""dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]"#, "limit"),
        Refusal("offsets end before they begin", fields: #""dtype":"F32","shape":[2],"data_offsets":[8,0]"#, "[8, 0]"),
        Refusal(
            "offsets beyond the data", fields: #""dtype":"F32","shape":[3],"data_offsets":[0,12]"#, "12", "8 bytes"),
        Refusal(
            "offsets near 2^63",
            fields: #""dtype":"F32","shape":[2],"data_offsets":[9223372036854775799,9223372036854775807]"#,
            "9223372036854775807", "8 bytes"),
        Refusal("one offset", fields: #""dtype":"F32","shape":[2],"data_offsets":[0]"#, "[0]"),
        Refusal("three offsets", fields: #""dtype":"F32","shape":[2],"data_offsets":[0,8,8]"#, "more than 2"),
        Refusal("too few bytes", fields: #""dtype":"F32","shape":[3],"data_offsets":[0,8]"#, "8 bytes", "96 bits"),
        Refusal("too many bytes", fields: #""dtype":"F16","shape":[2],"data_offsets":[0,8]"#, "8 bytes", "32 bits"),
        Refusal("a scalar of 8 bytes", fields: #""dtype":"F32","shape":[],"data_offsets":[0,8]"#, "8 bytes", "[]"),
        Refusal("half a byte", fields: #""dtype":"F4","shape":[15],"data_offsets":[0,7]"#, "60 bits"),
    ]

    static let layouts = [
        Refusal("data that no tensor uses", "{}", "8 bytes", "uses 0"),
        Refusal("hole at the start", fields: #""dtype":"F32","shape":[1],"data_offsets":[4,8]"#, "hole", "byte 4"),
        Refusal("hole at the end", fields: #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#, "8 bytes", "uses 4"),
        Refusal(
            "hole within",
            #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            "'b'", "begins at data byte 4, not at 3", "hole"),
        Refusal(
            "overlap",
            #"{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            "'b'", "begins at data byte 4, not at 5", "overlap"),
        Refusal(
            "the same bytes twice",
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            "'b'", "overlap"),
    ]

    @Test(arguments: lengths) func aFaultyLengthIsRefused(refusal: Refusal) throws { try check(refusal) }

    @Test(arguments: json) func faultyJSONIsRefused(refusal: Refusal) throws { try check(refusal) }

    @Test(arguments: fields) func aFaultyFieldIsRefused(refusal: Refusal) throws { try check(refusal) }

    @Test(arguments: layouts) func aFaultyLayoutIsRefused(refusal: Refusal) throws { try check(refusal) }

    @Test func everyTruncationOfAGoodFileIsRefused() throws {
        let bytes = safetensors(Self.good, data: .init(repeating: 0, count: 8))
        try withSafetensors(bytes) { #expect($0.names == ["w"]) }
        for count in 0..<bytes.count {
            #expect(throws: WeightsError.self, "\(count) bytes") {
                try withSafetensors(.init(bytes[..<count])) { _ in }
            }
        }
        #expect(throws: WeightsError.self) { try withSafetensors(bytes + [0]) { _ in } }
    }

    private func check(_ refusal: Refusal) throws {
        let error = try #require(throws: WeightsError.self) { try withSafetensors(refusal.bytes) { _ in } }
        #expect(error.code == refusal.code, "\(error)")
        for word in refusal.words { #expect(error.message.contains(word)) }
        #expect(error.message.contains("model.safetensors'"), "the file is named")
        #expect(!error.message.contains("\n") && error.message.utf8.count < 2000, "one line")
        #expect(error.message.contains(";"), "with a remedy")
    }
}

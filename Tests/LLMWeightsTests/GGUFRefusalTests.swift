import LLMWeights
import Testing

@Suite struct GGUFRefusalTests {
    /// What is not a GGUF file that can be read, and the words that its error must have.
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let code: WeightsError.Code
        let words: [String]

        init(_ name: String, _ bytes: [UInt8], _ words: String..., code: WeightsError.Code = .corrupt) {
            testDescription = name
            self.bytes = bytes
            self.code = code
            self.words = words
        }

        init(_ name: String, _ gguf: GGUF, _ words: String..., code: WeightsError.Code = .corrupt) {
            testDescription = name
            bytes = gguf.bytes
            self.code = code
            self.words = words
        }

        /// One metadata value.
        init(_ name: String, value: [UInt8], _ words: String..., code: WeightsError.Code = .corrupt) {
            testDescription = name
            bytes = GGUF(values: [value]).bytes
            self.code = code
            self.words = words
        }

        /// Tensors, and 128 bytes of data.
        init(_ name: String, tensors: [[UInt8]], _ words: String..., code: WeightsError.Code = .corrupt) {
            testDescription = name
            bytes = GGUF(tensors: tensors, data: Array(repeating: 0, count: 128)).bytes
            self.code = code
            self.words = words
        }
    }

    private static let huge: UInt64 = 1 << 60
    private static func little(_ number: some FixedWidthInteger) -> [UInt8] { GGUF.little(number) }

    static let headers = [
        Case("empty", [UInt8](), "begins with nothing", code: .unsupported),
        Case("other magic", GGUF(magic: Array("GGML".utf8)), "begins with 47 47 4d 4c", code: .unsupported),
        Case("magic only", Array("GGUF".utf8), "a version", "0 are left"),
        Case("half a version", Array("GGUF".utf8) + [3, 0], "a version", "2 are left"),
        Case("version 0", GGUF(version: 0), "version 0", "2 and 3", code: .unsupported),
        Case("version 1", GGUF(version: 1), "version 1", "32 bits", code: .unsupported),
        Case("version 4", GGUF(version: 4), "version 4", "2 and 3", code: .unsupported),
        Case("big-endian", GGUF(version: UInt32(3).byteSwapped), "big-endian", code: .unsupported),
        Case("no counts", Array("GGUF".utf8) + little(UInt32(3)), "a count of tensors"),
        Case("one count", Array("GGUF".utf8) + little(UInt32(3)) + little(UInt64(0)), "a count of metadata values"),
        Case("2^60 values", GGUF(valueCount: huge), "1152921504606846976 metadata values", "0 bytes are left"),
        Case("2^64 - 1 values", GGUF(valueCount: .max), "18446744073709551615 metadata values"),
        Case("2^60 tensors", GGUF(tensorCount: huge), "1152921504606846976 tensors", "0 bytes are left"),
        Case(
            "a value too many", GGUF(valueCount: 2, values: [GGUF.value("a", String(repeating: "x", count: 40))]),
            "metadata value 2 of 2", "a key"),
        Case(
            "a tensor too many", GGUF(tensorCount: 1, values: [GGUF.value("a", String(repeating: "x", count: 40))]),
            "tensor 1", "a name"),
    ]

    static let values = [
        Case("no key", value: GGUF.value("", .uint8, [1, 0]), "metadata value 1 of 1", "key ''"),
        Case("key that is no ASCII", value: GGUF.value("é", .uint8, [1]), "'é'", "ASCII"),
        Case("key with a line break", value: GGUF.value("a\nb", .uint8, [1]), "'a\\u{a}b'", "ASCII"),
        Case(
            "key that is no UTF-8", value: GGUF.string([0xC3, 0x28]) + little(UInt32(0)) + [1], "a key", "UTF-8"),
        Case(
            "key too long", value: GGUF.value(String(repeating: "k", count: 65_536), .uint8, [1]), "65536", "65535"),
        Case("key of 2^60", value: little(huge) + Array("abcdefgh".utf8), "a key of 1152921504606846976", "8 are left"),
        Case("key of 2^64 - 1", value: little(UInt64.max) + Array("abcdefgh".utf8), "18446744073709551615"),
        Case(
            "key twice", GGUF(values: [GGUF.value("a", .uint8, [1]), GGUF.value("a", "b")]),
            "metadata key 'a' appears twice"),
        Case("unknown type", value: GGUF.value("a", 13, [1]), "'a' has the value type 13", "0 to 12"),
        Case("type 2^32 - 1", value: GGUF.value("a", UInt32.max, [1]), "4294967295"),
        Case(
            "number cut short", value: GGUF.value("a", .uint64, [1, 2, 3, 4, 5, 6, 7]), "'a' has a uint64", "7 bytes"),
        Case("bool of 2", value: GGUF.value("a", .bool, [2]), "'a' has 2 for true or false"),
        Case(
            "string of 2^60", value: GGUF.value("a", .string, little(huge)), "1152921504606846976 bytes", "0 are left"),
        Case(
            "string one too long", value: GGUF.value("a", .string, little(UInt64(3)) + [65, 66]), "3 bytes",
            "2 are left"),
        Case("array cut short", value: GGUF.value("a", .array, little(UInt32(0)) + [1, 2]), "a count of elements"),
        Case("array of unknown type", value: GGUF.array("a", 99, count: 0, []), "element type 99"),
        Case(
            "array of 2^60 strings", value: GGUF.array("a", 8, count: huge, []), "'a' has 1152921504606846976 elements",
            "type string"),
        Case("array of 2^64 - 1 bytes", value: GGUF.array("a", 0, count: .max, [1]), "18446744073709551615 elements"),
        Case("array of 2^61 floats", value: GGUF.array("a", 12, count: 1 << 61, [1]), "2305843009213693952 elements"),
        Case("array one too long", value: GGUF.array("a", 2, count: 3, [1, 0, 2, 0, 3]), "3 elements", "5 bytes"),
        Case(
            "string in an array cut short", value: GGUF.array("a", 8, count: 2, GGUF.string("abcdefgh") + little(huge)),
            "'a' has a string of 1152921504606846976"),
        Case("bool of 3 in an array", value: GGUF.array("a", 7, count: 3, [0, 1, 3]), "'a' has 3 for true or false"),
        Case(
            "array in an array cut short", value: GGUF.array("a", 9, count: 1, little(UInt32(9)) + little(huge)),
            "1152921504606846976 elements of type array"),
    ]

    static let tensors = [
        Case("no name", tensors: [GGUF.tensor("", [2])], "tensor 1 has no name"),
        Case(
            "name too long", tensors: [GGUF.tensor(String(repeating: "n", count: 65), [2])], "65 bytes", "limit of 64"),
        Case("name twice", tensors: [GGUF.tensor("a", [2]), GGUF.tensor("a", [2], offset: 32)], "'a' appears twice"),
        Case("five sizes", tensors: [GGUF.tensor("a", [1, 1, 1, 1, 1])], "'a' has 5 sizes", "limit of 4"),
        Case("size 2^63", tensors: [GGUF.tensor("a", [1 << 63])], "9223372036854775808"),
        Case("sizes that overflow", tensors: [GGUF.tensor("a", [1 << 32, 1 << 31])], "4294967296, 2147483648"),
        Case("sizes that overflow but for a 0", tensors: [GGUF.tensor("a", [1 << 40, 0, 1 << 40])], "limit of"),
        Case("bytes that overflow", tensors: [GGUF.tensor("a", [1 << 61])], "limit of"),
        Case(
            "unknown type", tensors: [GGUF.tensor("a", [32], type: 4)], "'a' has ggml type 4", "Q4_K",
            code: .unsupported),
        Case("part of a block", tensors: [GGUF.tensor("a", [33], type: 8)], "rows of 33", "blocks of 32"),
        Case("a scalar of blocks", tensors: [GGUF.tensor("a", [], type: 12)], "rows of 1", "blocks of 256"),
        Case("past the file's end", tensors: [GGUF.tensor("a", [33])], "132 bytes"),
        Case("far past the file's end", tensors: [GGUF.tensor("a", [1 << 50])], "4503599627370496 bytes"),
        Case(
            "a hole", tensors: [GGUF.tensor("a", [2]), GGUF.tensor("b", [2], offset: 64)],
            "'b' begins at data byte 64, not at 32"),
        Case(
            "overlap", tensors: [GGUF.tensor("a", [9]), GGUF.tensor("b", [2], offset: 32)],
            "'b' begins at data byte 32, not at 64"),
        Case("not aligned", tensors: [GGUF.tensor("a", [2]), GGUF.tensor("b", [2], offset: 8)], "multiple of 32"),
        Case("offset 2^64 - 1", tensors: [GGUF.tensor("a", [2], offset: .max)], "18446744073709551615"),
        Case("no data", GGUF(tensors: [GGUF.tensor("a", [2])]), "'a' has 8 bytes", "where the file has"),
    ]

    static let alignments = [
        (GGUF.value("general.alignment", .uint32, little(UInt32(0))), "is 0"),
        (GGUF.value("general.alignment", .uint32, little(UInt32(4))), "is 4"),
        (GGUF.value("general.alignment", .uint32, little(UInt32(48))), "is 48"),
        (GGUF.value("general.alignment", .uint64, little(UInt64(1 << 40))), "is 1099511627776"),
        (GGUF.value("general.alignment", .int32, little(Int32(-32))), "is -32"),
        (GGUF.value("general.alignment", "32"), "is '32'"),
    ].map { Case($1, value: $0, "'general.alignment' \($1)", code: .invalidMetadata) }

    @Test(arguments: headers + values + tensors + alignments)
    func `What is wrong is named`(refusal: Case) throws {
        try withFile(refusal.bytes, named: "model.gguf") { path in
            let error = try #require(throws: WeightsError.self) { try GGUFFile(path: path) }
            #expect(error.code == refusal.code, "\(error)")
            #expect(!error.message.contains("\n"))
            for word in refusal.words + ["model.gguf'"] { #expect(error.message.contains(word), "\(error)") }
        }
    }

    @Test func `A file cut short anywhere is refused`() throws {
        let gguf = GGUF(
            values: [GGUF.value("general.architecture", "llama"), GGUF.array("list", ["a", "bc"])],
            tensors: [GGUF.tensor("a", [2, 3]), GGUF.tensor("b", [32], type: 8, offset: 32)],
            data: Array(repeating: 7, count: 66))
        #expect(try gguf.with { $0.tensors.count } == 2)
        for count in 0..<gguf.bytes.count {
            try withFile(Array(gguf.bytes.prefix(count)), named: "model.gguf") { path in
                _ = #expect(throws: WeightsError.self) { try GGUFFile(path: path) }
            }
        }
    }
}

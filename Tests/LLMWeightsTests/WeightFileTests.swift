import LLMWeights
import Testing

@Suite struct WeightFileTests {
    static let beginnings: [String: [UInt8]] = ["GGUF": GGUF().bytes, "safetensors": safetensors("{}")]

    @Test func everyFormatKnowsItsOwnBeginningAndNoOther() throws {
        for format in WeightFormat.all {
            for (name, bytes) in Self.beginnings { #expect(format.recognizes(bytes) == (name == format.name)) }
        }
        #expect(Set(Self.beginnings.keys) == Set(WeightFormat.all.map(\.name)))
    }

    @Test func aFileIsKnownByItsBytesNotByItsName() throws {
        try withFile(safetensors("{}"), named: "weights.bin") { path in
            let file = try WeightFile.open(path)
            #expect(file is SafetensorsFile)
        }
    }

    @Test(arguments: [
        ([], "begins with nothing"),
        ([1], "begins with 01"),
        (Array("GGML".utf8), "begins with 47 47 4d 4c"),
        (Array("version https://git-lfs.github.com/spec/v1".utf8), "git lfs pull"),
        (Array("PK\u{3}\u{4}123456789".utf8), "convert it to safetensors"),
        ([0x80, 2, 0x8A, 0x0A], "convert it to safetensors"),
    ])
    func aFileOfNoFormatIsRefused(bytes: [UInt8], words: String) throws {
        try withFile(bytes, named: "model.bin") { path in
            let error = try #require(throws: WeightsError.self) { try WeightFile.open(path) }
            #expect(error.code == .unsupported)
            #expect(error.message.contains("model.bin'") && error.message.contains(words))
        }
    }
}

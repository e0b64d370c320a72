import LLMWeights

/// The bytes of a GGUF file, put together by hand: any part may be wrong.
struct GGUF {
    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    /// What the header says; nil for how many there are.
    var tensorCount: UInt64?
    var valueCount: UInt64?
    /// Keys with types and values.
    var values: [[UInt8]] = []
    var tensors: [[UInt8]] = []
    /// What follows the header and its padding.
    var data: [UInt8] = []

    var bytes: [UInt8] {
        var bytes = magic + little(version) + little(tensorCount ?? UInt64(tensors.count))
        bytes += little(valueCount ?? UInt64(values.count)) + values.joined() + tensors.joined()
        if !data.isEmpty { bytes += Array(repeating: 0, count: (32 - bytes.count % 32) % 32) + data }
        return bytes
    }

    /// A key, a type and the value's bytes.
    static func value(_ key: String, _ type: UInt32, _ value: [UInt8]) -> [UInt8] {
        string(key) + little(type) + value
    }

    static func value(_ key: String, _ type: GGUFValueType, _ bytes: [UInt8]) -> [UInt8] {
        value(key, type.rawValue, bytes)
    }

    static func value(_ key: String, _ text: String) -> [UInt8] { value(key, .string, string(text)) }

    static func array(_ key: String, _ type: UInt32, count: UInt64, _ elements: [UInt8]) -> [UInt8] {
        value(key, .array, little(type) + little(count) + elements)
    }

    static func array(_ key: String, _ texts: [String]) -> [UInt8] {
        array(key, 8, count: UInt64(texts.count), texts.flatMap(string))
    }

    /// A tensor of so many elements in each dimension, the innermost first.
    static func tensor(_ name: String, _ sizes: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) -> [UInt8] {
        string(name) + little(UInt32(sizes.count)) + sizes.flatMap(little) + little(type) + little(offset)
    }

    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    static func string(_ bytes: [UInt8]) -> [UInt8] { little(UInt64(bytes.count)) + bytes }

    static func little(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private func little(_ number: some FixedWidthInteger) -> [UInt8] { GGUF.little(number) }

    /// Opens the bytes as a file and hands it to `body`.
    func with<Result>(_ body: (GGUFFile) throws -> Result) throws -> Result {
        try withFile(bytes, named: "model.gguf") { try body(GGUFFile(path: $0)) }
    }
}

/// A file format that holds weights: how it is told apart, and how it is opened.
public struct WeightFormat: Sendable {
    /// The format's own name.
    public let name: String
    /// Whether a file that begins with these bytes, of which there may be few, is in this format.
    public let recognizes: @Sendable (_ start: [UInt8]) -> Bool
    let open: @Sendable (MappedFile) throws(WeightsError) -> any NamedTensors

    /// Every format, one row each, asked in this order.
    ///
    /// safetensors has no magic bytes, only a '{' after the header's length, so it stays last.
    public static let all: [WeightFormat] = [
        WeightFormat(
            name: "GGUF",
            recognizes: { $0.starts(with: GGUFHeader.magic) },
            open: { file throws(WeightsError) in try GGUFFile(file) }),
        WeightFormat(
            name: "safetensors",
            recognizes: { $0.count > 8 && $0[8] == UInt8(ascii: "{") },
            open: { file throws(WeightsError) in try SafetensorsFile(file) }),
    ]
}

/// Opens a weight file of any format, told apart by its first bytes and not by its name.
public enum WeightFile {
    /// Bytes that formats are told apart by.
    static let startLength = 32

    /// Opens the file at `path`.
    ///
    /// - Throws: `WeightsError`: those of `MappedFile` and of the format, or `unsupported` where it is in none.
    public static func open(_ path: String) throws(WeightsError) -> any NamedTensors {
        let file = try MappedFile(path: path)
        let start = try file.bytes(in: 0..<min(startLength, file.count))
        for format in WeightFormat.all where format.recognizes(start) { return try format.open(file) }
        throw unrecognized(file, start: start)
    }

    /// Whether the file at `path` is in the GGUF format, by its first bytes. - Throws: `WeightsError` of `MappedFile`.
    package static func isGGUF(_ path: String) throws(WeightsError) -> Bool {
        let file = try MappedFile(path: path)
        return try file.bytes(in: 0..<min(startLength, file.count)).starts(with: GGUFHeader.magic)
    }

    /// The error for a file that begins with `start`, which no format does; it knows some of what such files are.
    static func unrecognized(_ file: MappedFile, start: [UInt8]) -> WeightsError {
        let formats = WeightFormat.all.map(\.name).joined(separator: ", ")
        let strangers: [(magic: [UInt8], what: String)] = [
            (Array("version https://git-lfs".utf8), "a Git LFS pointer; fetch the file itself with git lfs pull"),
            (Array("PK\u{3}\u{4}".utf8), "a PyTorch or zip archive; convert it to safetensors"),
            ([0x80, 0x02], "a Python pickle, as old PyTorch files are; convert it to safetensors"),
        ]
        let what =
            strangers.first { start.starts(with: $0.magic) }?.what
            ?? "no weight file, as it begins with \(hex(start.prefix(9))); give one of these formats: \(formats)"
        return WeightsError(.unsupported, "\(file.path.quoted): \(file.count) bytes that are \(what)")
    }
}

private func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return digits.isEmpty ? "nothing" : digits.joined(separator: " ")
}

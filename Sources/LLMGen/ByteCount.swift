/// An amount of memory in bytes.
public struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The amount, in bytes.
    public let bytes: Int

    /// So many bytes.
    public init(bytes: Int) { self.bytes = bytes }

    /// So many KiB, of 1024 bytes.
    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count * (1 << 10)) }
    /// So many MiB, of 1024 KiB.
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count * (1 << 20)) }
    /// So many GiB, of 1024 MiB.
    public static func gibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count * (1 << 30)) }

    /// Reads "2GiB", "512 MiB", "1.5G", "100kB" or "4096"; nil where the text is no such amount, or negative.
    public init?(_ text: String) {
        let trimmed = text.filter { $0 != " " }
        let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let count = Double(digits), let unit = ByteCount.units[trimmed.dropFirst(digits.count).lowercased()],
            count * unit < Double(1 << 53)
        else { return nil }
        bytes = Int(count * unit)
    }

    private static let units: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "k": 0x1p10, "m": 0x1p20, "g": 0x1p30, "t": 0x1p40,
        "kib": 0x1p10, "mib": 0x1p20, "gib": 0x1p30, "tib": 0x1p40,
    ]

    /// The amount in the largest binary unit that keeps it at 1 or more: "1.5 GiB".
    public var description: String {
        let names = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var (value, index) = (Double(bytes), 0)
        while value >= 1024, index < names.count - 1 {
            value /= 1024
            index += 1
        }
        let tenths = (value * 10).rounded() / 10
        return index == 0 ? "\(bytes) bytes" : "\(tenths) \(names[index])"
    }

    /// Compares amounts.
    public static func < (one: ByteCount, other: ByteCount) -> Bool { one.bytes < other.bytes }
}

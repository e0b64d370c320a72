/// A 64-bit FNV-1a hash of values, for comparing long results with what they were when they were recorded.
public struct Digest: Sendable, CustomStringConvertible {
    private var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    /// The digest of nothing.
    public init() {}

    /// Adds the bytes of a value.
    public mutating func add(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            hash = (hash ^ (value >> shift & 0xFF)) &* 0x100_0000_01B3
        }
    }

    /// Adds a whole number.
    public mutating func add(_ value: some BinaryInteger) { add(UInt64(truncatingIfNeeded: value)) }

    /// Adds the bits of a number.
    public mutating func add(_ value: Double) { add(value.bitPattern) }

    /// Adds the bits of a number.
    public mutating func add(_ value: Float) { add(UInt64(value.bitPattern)) }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

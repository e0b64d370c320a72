/// The type of a value in a GGUF file's metadata, by its number there.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
    /// Whole numbers of 8, 16 and 32 bits, without and with a sign.
    case uint8 = 0, int8, uint16, int16, uint32, int32
    /// A float of 32 bits.
    case float32
    /// A byte, 0 for false or 1 for true.
    case bool
    /// A length of 64 bits and as many bytes.
    case string
    /// A type of elements, a count of 64 bits and as many elements.
    case array
    /// Whole numbers of 64 bits, without and with a sign.
    case uint64, int64
    /// A float of 64 bits.
    case float64

    /// Bytes of a value; nil where values differ in length.
    var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }

    /// Bytes that a value has at least.
    var minimumByteCount: Int {
        switch self {
        case .string: 8
        case .array: 12
        default: byteCount ?? 1
        }
    }
}

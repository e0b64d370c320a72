/// A value of a GGUF file's metadata that is to be written.
package enum GGUFValue: Sendable {
    case uint32(UInt32)
    case int32(Int32)
    case uint64(UInt64)
    case float32(Float)
    case bool(Bool)
    case string(String)
    case strings([[UInt8]])
    case bools([Bool])
    case bytes([UInt8])
    case int32s([Int32])
    case float32s([Float])
    /// As another file has it: a type and the value's bytes.
    case stored(GGUFValueType, [UInt8])

    var type: GGUFValueType {
        switch self {
        case .uint32: .uint32
        case .int32: .int32
        case .uint64: .uint64
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .strings, .bools, .bytes, .int32s, .float32s: .array
        case .stored(let type, _): type
        }
    }

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .uint32(let number): bytes.append(little: number)
        case .int32(let number): bytes.append(little: number)
        case .uint64(let number): bytes.append(little: number)
        case .float32(let number): bytes.append(little: number.bitPattern)
        case .bool(let flag): bytes.append(flag ? 1 : 0)
        case .string(let text): bytes.append(counted: text.utf8)
        case .strings(let texts): bytes.append(list: .string, texts) { $0.append(counted: $1) }
        case .bools(let flags): bytes.append(list: .bool, flags) { $0.append($1 ? 1 : 0) }
        case .bytes(let values): bytes.append(list: .uint8, values) { $0.append($1) }
        case .int32s(let numbers): bytes.append(list: .int32, numbers) { $0.append(little: $1) }
        case .float32s(let numbers): bytes.append(list: .float32, numbers) { $0.append(little: $1.bitPattern) }
        case .stored(_, let value): bytes += value
        }
    }
}

extension [UInt8] {
    /// Appends the little-endian bytes of a number.
    mutating func append(little number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends a count of 64 bits and the bytes of a text.
    mutating func append(counted text: some Collection<UInt8>) {
        append(little: UInt64(text.count))
        append(contentsOf: text)
    }

    fileprivate mutating func append<Value>(
        list type: GGUFValueType, _ elements: [Value], _ body: (inout [UInt8], Value) -> Void
    ) {
        append(little: type.rawValue)
        append(little: UInt64(elements.count))
        for element in elements { body(&self, element) }
    }
}

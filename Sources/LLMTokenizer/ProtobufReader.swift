/// The fields of one protobuf message, in file order. Every length is checked against the bytes there are.
///
/// Wire format: https://protobuf.dev/programming-guides/encoding/. Groups, long out of use, are refused.
struct ProtobufReader {
    /// One field's content, by wire type.
    enum Value {
        case varint(UInt64)
        case fixed64
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    private var rest: ArraySlice<UInt8>

    init(_ message: ArraySlice<UInt8>) { rest = message }

    /// The next field, or nil at the message's end.
    mutating func next() throws(Damage) -> (field: UInt64, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let offset = rest.startIndex
        let tag = try varint()
        let field = tag >> 3
        guard field > 0, field < 1 << 29 else { throw Damage("byte \(offset) is no field number") }
        switch tag & 7 {
        case 0: return (field, .varint(try varint()))
        case 1:
            _ = try take(8)
            return (field, .fixed64)
        case 2: return (field, .bytes(try take(try varint())))
        case 5:
            let word = try take(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return (field, .fixed32(word))
        default: throw Damage("byte \(offset) has wire type \(tag & 7), which such files do not use")
        }
    }

    private mutating func varint() throws(Damage) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw Damage("it ends inside a number") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Damage("byte \(rest.startIndex - 1) ends a number of more than 10 bytes")
    }

    private mutating func take(_ count: UInt64) throws(Damage) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else {
            throw Damage("byte \(rest.startIndex) begins a field of \(count) bytes, but \(rest.count) are left")
        }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }
}

extension ProtobufReader.Value {
    /// The number, where the field is one; `name` is for the error.
    func number(_ name: String) throws(Damage) -> UInt64 {
        guard case .varint(let value) = self else { throw Damage("\(name) is not a number") }
        return value
    }

    /// The 32-bit float.
    func float(_ name: String) throws(Damage) -> Float {
        guard case .fixed32(let bits) = self else { throw Damage("\(name) is not a 32-bit float") }
        return Float(bitPattern: bits)
    }

    /// The bytes.
    func bytes(_ name: String) throws(Damage) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = self else { throw Damage("\(name) has no bytes") }
        return bytes
    }

    /// The bytes as text.
    func string(_ name: String) throws(Damage) -> String {
        guard let text = String(validating: try bytes(name), as: UTF8.self) else {
            throw Damage("\(name) is not UTF-8")
        }
        return text
    }
}

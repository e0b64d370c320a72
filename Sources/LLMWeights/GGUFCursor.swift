/// Reads a GGUF file from front to back. Whatever the file says about lengths is held against the bytes that are left
/// before anything is done with it, so that neither memory nor time can exceed what the file's own size explains.
struct GGUFCursor {
    let file: MappedFile
    /// The byte that is read next.
    private(set) var offset = 0
    /// Where in the file this is, for messages: "metadata key 'general.name'".
    var place = "the header"

    init(_ file: MappedFile) { self.file = file }

    /// Bytes that are left.
    var remaining: Int { file.count - offset }

    /// The next number. - Parameter what: it is, for the message where it is not there.
    mutating func number<Number: FixedWidthInteger>(
        _: Number.Type, _ what: @autoclosure () -> String
    ) throws(WeightsError) -> Number {
        let size = MemoryLayout<Number>.size
        guard remaining >= size else {
            throw corrupt("has \(what()), a number of \(size) bytes, where \(remaining) are left")
        }
        defer { offset += size }
        return try file.number(Number.self, at: offset)
    }

    /// The next number of 64 bits, a count of things that take at least `minimum` bytes each and all follow.
    mutating func count(of what: String, minimum: Int) throws(WeightsError) -> Int {
        let count = try number(UInt64.self, "a count of \(what)")
        guard count <= UInt64(remaining / minimum) else {
            throw corrupt("has \(count) \(what) of at least \(minimum) bytes each, where \(remaining) bytes are left")
        }
        return Int(count)
    }

    /// The place of the next string, whose length comes before its bytes.
    mutating func string(_ what: String) throws(WeightsError) -> Range<Int> {
        let length = try number(UInt64.self, "the length of \(what)")
        guard length <= UInt64(remaining) else {
            throw corrupt("has \(what) of \(length) bytes, where \(remaining) are left")
        }
        defer { offset += Int(length) }
        return offset..<offset + Int(length)
    }

    /// The next string as a text.
    mutating func text(_ what: String, limit: Int) throws(WeightsError) -> String {
        let range = try string(what)
        guard range.count <= limit else {
            throw corrupt("has \(what) of \(range.count) bytes, above the limit of \(limit)")
        }
        guard let text = try file.text(in: range) else {
            throw corrupt("has \(what) that is not valid UTF-8 in bytes \(range.lowerBound) to \(range.upperBound)")
        }
        return text
    }

    /// The next value type.
    mutating func valueType(_ what: String) throws(WeightsError) -> GGUFValueType {
        let number = try number(UInt32.self, what)
        guard let type = GGUFValueType(rawValue: number) else {
            throw corrupt("has \(what) \(number), where types are 0 to \(GGUFValueType.allCases.count - 1)")
        }
        return type
    }

    /// The place of the next value, checked through all its depth.
    mutating func value(of type: GGUFValueType, depth: Int = 0) throws(WeightsError) -> Range<Int> {
        let start = offset
        switch type {
        case .string:
            _ = try string("a string")
        case .array:
            let element = try valueType("the element type")
            let count = try count(of: "elements of type \(element)", minimum: element.minimumByteCount)
            if let size = element.byteCount, element != .bool {
                offset += count * size
            } else {
                guard depth < GGUFCursor.depthLimit || element != .array else {
                    throw corrupt("has arrays in arrays deeper than \(GGUFCursor.depthLimit)")
                }
                for _ in 0..<count { _ = try value(of: element, depth: depth + 1) }
            }
        case .bool:
            let byte = try number(UInt8.self, "true or false")
            guard byte <= 1 else { throw corrupt("has \(byte) for true or false, which are 1 and 0") }
        default:
            let size = type.minimumByteCount
            guard remaining >= size else { throw corrupt("has a \(type), where \(remaining) bytes are left") }
            offset += size
        }
        return start..<offset
    }

    /// Arrays that may be in one another; no file needs more than two.
    static let depthLimit = 8

    func corrupt(_ reason: String) -> WeightsError { .corrupt(file.path, "\(place) \(reason)") }
}

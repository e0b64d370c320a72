public import LLMJSON

/// The metadata of a GGUF file: typed access to its keys, with errors that name the file, the key and the value.
///
/// Values stay in the mapped file until they are asked for, so a vocabulary of 150,000 tokens costs nothing to open.
/// Every value was checked when the file was opened, for its lengths, not for its meaning.
public struct GGUFMetadata: Sendable {
    private struct Entry: Sendable {
        let type: GGUFValueType
        /// The value's bytes in the file, with lengths and element types.
        let range: Range<Int>
    }

    /// Every key, in the file's order.
    public private(set) var keys: [String] = []
    private let file: MappedFile
    private var entries: [String: Entry] = [:]

    init(file: MappedFile) { self.file = file }

    /// Adds a value that has been checked; false where the key is there already.
    mutating func add(_ key: String, _ type: GGUFValueType, _ range: Range<Int>) -> Bool {
        guard entries.updateValue(Entry(type: type, range: range), forKey: key) == nil else { return false }
        keys.append(key)
        return true
    }

    /// The type of the value of `key`; nil where there is none.
    public func type(of key: String) -> GGUFValueType? { entries[key]?.type }

    /// The value of `key` as it is stored; nil where there is none.
    package func stored(_ key: String) throws(WeightsError) -> GGUFValue? {
        guard let entry = entries[key] else { return nil }
        return .stored(entry.type, try file.bytes(in: entry.range))
    }

    /// Whole numbers in `range`: a list of them, or one; empty where the key is missing.
    public func integers(_ key: String, in range: ClosedRange<Int>) throws(WeightsError) -> [Int] {
        guard entries[key]?.type == .array else { return entries[key] == nil ? [] : [try integer(key, in: range)] }
        let list = try list(key)
        return try list.map(width: list.type.minimumByteCount) { offset throws(WeightsError) in
            guard let integer = try integer(list.type, at: offset), range.contains(integer) else {
                throw invalid(key, "whole numbers from \(range.lowerBound) to \(range.upperBound)")
            }
            return integer
        }
    }

    /// Numbers, stored as floats or whole numbers; empty where the key is missing.
    public func floats(_ key: String) throws(WeightsError) -> [Float] {
        guard entries[key] != nil else { return [] }
        let list = try list(key)
        return try list.map(width: list.type.minimumByteCount) { offset throws(WeightsError) in
            guard let number = try number(list.type, at: offset) else { throw invalid(key, "a list of numbers") }
            return Float(number)
        }
    }

    /// A list of true or false; empty where the key is missing.
    package func flags(_ key: String) throws(WeightsError) -> [Bool] {
        guard entries[key] != nil else { return [] }
        let list = try list(key)
        guard list.type == .bool else { throw invalid(key, "a list of true or false") }
        return try list.map(width: 1) { offset throws(WeightsError) in try file.number(UInt8.self, at: offset) == 1 }
    }

    /// Elements of a list; 0 where the key is missing.
    public func count(ofList key: String) throws(WeightsError) -> Int {
        entries[key] == nil ? 0 : try list(key).count
    }

    /// Texts as the bytes that are stored, UTF-8 or not; empty where the key is missing.
    public func byteStrings(_ key: String) throws(WeightsError) -> [[UInt8]] {
        try ranges(ofStrings: key).map { range throws(WeightsError) in try file.bytes(in: range) }
    }

    /// Texts; empty where the key is missing.
    ///
    /// A hostile file's may have long runs of combining marks, and `String` compares and hashes in time quadratic in
    /// such a run: compare those of unknown origin by their UTF-8, or ask for ``byteStrings(_:)``.
    public func strings(_ key: String) throws(WeightsError) -> [String] {
        var strings: [String] = []
        for (index, range) in try ranges(ofStrings: key).enumerated() {
            guard let text = try file.text(in: range) else {
                throw invalid(key, "texts in UTF-8, which number \(index) is not")
            }
            strings.append(text)
        }
        return strings
    }
}

extension GGUFMetadata: NamedFields {
    /// The value of `key`; null for what is not read so: a list, and text that is no UTF-8.
    package func field(_ key: String) -> JSONValue? {
        guard let entry = entries[key] else { return nil }
        let start = entry.range.lowerBound
        switch entry.type {
        case .array: return .null
        case .string:
            guard let text = try? file.text(in: entry.range.dropFirst(8)) else { return .null }
            return .string(text)
        case .bool: return (try? file.number(UInt8.self, at: start)).map { .flag($0 == 1) }
        default:
            if let integer = try? integer(entry.type, at: start) { return .integer(integer) }
            return (try? number(entry.type, at: start)).map(JSONValue.number)
        }
    }

    package func invalid(_ key: String, _ wanted: String) -> WeightsError {
        let found = entries[key] == nil ? "is missing" : "is \(shown(key))"
        return WeightsError(.invalidMetadata, "\(file.path.quoted): \(key.quoted) \(found); it must be \(wanted)")
    }

    package func missing(_ key: String) -> WeightsError {
        WeightsError(
            .invalidMetadata, "\(file.path.quoted): the key \(key.quoted) is missing; convert the model again")
    }

    private func shown(_ key: String) -> String {
        guard let entry = entries[key] else { return "missing" }
        switch (entry.type, field(key)) {
        case (.array, _):
            guard let list = try? list(key) else { return "a list" }
            return "a list of \(list.count) of type \(list.type)"
        case (.string, .null): return "\(entry.range.count - 8) bytes that are no UTF-8"
        case (.uint64, .number):
            return (try? file.number(UInt64.self, at: entry.range.lowerBound)).map { "\($0)" } ?? ""
        case (_, let value): return value?.shown ?? "a number"
        }
    }
}

extension GGUFMetadata {
    /// The elements of an array.
    private struct List {
        let type: GGUFValueType
        let count: Int
        /// The first element's first byte.
        let start: Int

        /// What `body` makes of the offset of each element of `width` bytes.
        func map<Element>(
            width: Int, _ body: (Int) throws(WeightsError) -> Element
        ) throws(WeightsError) -> [Element] {
            var elements: [Element] = []
            elements.reserveCapacity(count)
            for index in 0..<count { elements.append(try body(start + index * width)) }
            return elements
        }
    }

    private func list(_ key: String) throws(WeightsError) -> List {
        guard let entry = entries[key], entry.type == .array,
            let type = GGUFValueType(rawValue: try file.number(UInt32.self, at: entry.range.lowerBound))
        else { throw invalid(key, "a list") }
        let count = try file.number(Int.self, at: entry.range.lowerBound + 4)
        return List(type: type, count: count, start: entry.range.lowerBound + 12)
    }

    private func ranges(ofStrings key: String) throws(WeightsError) -> [Range<Int>] {
        guard entries[key] != nil else { return [] }
        let list = try list(key)
        guard list.type == .string else { throw invalid(key, "a list of texts") }
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(list.count)
        var offset = list.start
        for _ in 0..<list.count {
            let end = offset + 8 + (try file.number(Int.self, at: offset))
            ranges.append(offset + 8..<end)
            offset = end
        }
        return ranges
    }

    /// The whole number at `offset`; nil where it is of another type, or above `Int.max`.
    private func integer(_ type: GGUFValueType, at offset: Int) throws(WeightsError) -> Int? {
        switch type {
        case .uint8: Int(try file.number(UInt8.self, at: offset))
        case .int8: Int(try file.number(Int8.self, at: offset))
        case .uint16: Int(try file.number(UInt16.self, at: offset))
        case .int16: Int(try file.number(Int16.self, at: offset))
        case .uint32: Int(try file.number(UInt32.self, at: offset))
        case .int32: Int(try file.number(Int32.self, at: offset))
        case .uint64: Int(exactly: try file.number(UInt64.self, at: offset))
        case .int64: Int(try file.number(Int64.self, at: offset))
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The number at `offset`; nil where it is none.
    private func number(_ type: GGUFValueType, at offset: Int) throws(WeightsError) -> Double? {
        switch type {
        case .float32: Double(Float(bitPattern: try file.number(UInt32.self, at: offset)))
        case .float64: Double(bitPattern: try file.number(UInt64.self, at: offset))
        case .uint64: Double(try file.number(UInt64.self, at: offset))
        default: try integer(type, at: offset).map(Double.init)
        }
    }
}

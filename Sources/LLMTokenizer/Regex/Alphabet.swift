/// Classes of scalars that a pattern cannot tell apart, each a symbol of one byte.
///
/// The coarsest division of all scalars in which every set of the pattern is a union of classes. A pattern over these
/// symbols matches the symbols of a text exactly where the pattern itself matches the text.
struct Alphabet: Sendable {
    /// The most classes that symbols of a byte can tell apart.
    static let limit = 256

    /// By set of the pattern: the symbols of its classes, in order.
    let symbols: [[UInt8]]
    /// By plane and row of 256 scalars: which of `rows` has their symbols.
    private let rowIndex: [UInt16]
    /// Distinct rows of 256 symbols, one after the other.
    private let rows: [UInt8]

    /// The alphabet of `sets`; nil where they need more than `limit` symbols.
    init?(_ sets: [ScalarSet]) {
        var edges: [UInt32: [(set: Int, isStart: Bool)]] = [:]
        for (index, set) in sets.enumerated() {
            for range in set.ranges {
                edges[range.lowerBound, default: []].append((index, true))
                edges[range.upperBound + 1, default: []].append((index, false))
            }
        }
        var classes: [Set<Int>: UInt8] = [:]
        var members: [Set<Int>] = []
        var current: Set<Int> = []
        var cells = [UInt8](repeating: 0, count: 0x110000)
        let stops = edges.keys.sorted() + [0x110000]
        var start: UInt32 = 0
        for stop in stops {
            if stop > start {
                if classes[current] == nil {
                    guard members.count < Self.limit else { return nil }
                    classes[current] = UInt8(members.count)
                    members.append(current)
                }
                let symbol = classes[current]!
                for value in Int(start)..<Int(stop) { cells[value] = symbol }
            }
            for edge in edges[stop] ?? [] {
                if edge.isStart { current.insert(edge.set) } else { current.remove(edge.set) }
            }
            start = stop
        }
        symbols = sets.indices.map { set in
            members.indices.filter { members[$0].contains(set) }.map { UInt8($0) }
        }
        var known: [ArraySlice<UInt8>: UInt16] = [:]
        var rowIndex: [UInt16] = []
        var rows: [UInt8] = []
        for row in 0..<0x1100 {
            let slice = cells[row << 8..<(row + 1) << 8]
            if known[slice] == nil {
                known[slice] = UInt16(known.count)
                rows += slice
            }
            rowIndex.append(known[slice]!)
        }
        self.rowIndex = rowIndex
        self.rows = rows
    }

    /// The symbol of each scalar of the UTF-8 text `bytes[range]`.
    func spell(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt8] {
        let text = bytes.span
        let rows = rows.span
        let rowIndex = rowIndex.span
        let ascii = Int(rowIndex[0]) << 8
        return [UInt8](unsafeUninitializedCapacity: range.count) { output, count in
            var position = range.lowerBound
            while position < range.upperBound {
                let lead = text[position]
                if lead < 0x80 {
                    output[count] = rows[ascii | Int(lead)]
                    position += 1
                } else {
                    let (value, length) = Self.scalar(text, at: position, lead)
                    output[count] = rows[Int(rowIndex[value >> 8]) << 8 | value & 0xFF]
                    position += length
                }
                count += 1
            }
        }
    }

    /// The scalar of more than one byte that begins at `position` of well-formed UTF-8, and its length.
    private static func scalar(_ text: Span<UInt8>, at position: Int, _ lead: UInt8) -> (value: Int, length: Int) {
        let second = Int(text[position + 1] & 0x3F)
        if lead < 0xE0 { return (Int(lead & 0x1F) << 6 | second, 2) }
        let third = Int(text[position + 2] & 0x3F)
        if lead < 0xF0 { return (Int(lead & 0x0F) << 12 | second << 6 | third, 3) }
        return (Int(lead & 0x07) << 18 | second << 12 | third << 6 | Int(text[position + 3] & 0x3F), 4)
    }
}

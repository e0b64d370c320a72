/// Takes the `data:` lines out of server-sent events (HTML Living Standard, 9.2), however the stream is cut.
///
/// A data line is taken for the whole of its event, as the servers of this protocol send it. Comments, other fields and
/// empty lines are passed over. A line whose bytes all came in one piece is not copied.
package struct EventStreamParser {
    /// A line of more than ``lineLimit`` bytes.
    package struct LineTooLong: Error, Hashable, Sendable {}

    package static let lineLimit = 16 << 20

    /// The beginning of a line whose end is to come.
    private var carried: [UInt8] = []

    package init() {}

    /// Gives `body` the data of each line that ends in this range of `bytes`, in order, until it returns false.
    package mutating func read<Reader>(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into reader: inout Reader,
        _ body: (inout Reader, Span<UInt8>) -> Bool
    ) throws(LineTooLong) {
        var start = range.lowerBound
        for position in range where bytes[position] == UInt8(ascii: "\n") || bytes[position] == UInt8(ascii: "\r") {
            let goesOn: Bool
            if carried.isEmpty {
                goesOn = EventStreamParser.give(bytes.extracting(start..<position), &reader, body)
            } else {
                try carry(bytes, start..<position)
                goesOn = EventStreamParser.give(carried.span, &reader, body)
                carried.removeAll(keepingCapacity: true)
            }
            start = position + 1
            guard goesOn else { return }
        }
        try carry(bytes, start..<range.upperBound)
    }

    private mutating func carry(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(LineTooLong) {
        guard carried.count + range.count <= Self.lineLimit else { throw LineTooLong() }
        for position in range { carried.append(bytes[position]) }
    }

    private static func give<Reader>(
        _ line: Span<UInt8>, _ reader: inout Reader, _ body: (inout Reader, Span<UInt8>) -> Bool
    ) -> Bool {
        guard line.count >= 5, line[0] == UInt8(ascii: "d"), line[1] == UInt8(ascii: "a"), line[2] == UInt8(ascii: "t"),
            line[3] == UInt8(ascii: "a"), line[4] == UInt8(ascii: ":")
        else { return true }
        let start = line.count > 5 && line[5] == UInt8(ascii: " ") ? 6 : 5
        return body(&reader, line.extracting(start..<line.count))
    }
}

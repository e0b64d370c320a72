/// What a splitter or a replacement looks for.
enum SplitPattern: Sendable {
    case text([UInt8])
    case regex(RegexPattern)
    /// Each scalar of a set by itself.
    case set(ScalarSet)

    /// Reads `{"String": …}` or `{"Regex": …}`.
    init(_ fields: PartFields) throws(Damage) {
        if let text = try fields.optional("String", .text) {
            guard !text.isEmpty else {
                throw Damage("\(fields.name) looks for an empty string", code: .unsupported)
            }
            self = .text(Array(text.utf8))
        } else {
            self = .regex(try RegexPattern(try fields.string("Regex")))
        }
    }

    /// Calls `body` with the range of each match in the UTF-8 text `bytes[range]`, from the left.
    ///
    /// - Parameter steps: how many steps a regular expression may take for long matches, less those that it takes.
    /// - Throws: where it would take more.
    func forEachMatch(in bytes: [UInt8], _ range: Range<Int>, steps: inout Int, _ body: (Range<Int>) -> Void)
        throws(Damage)
    {
        switch self {
        case .regex(let regex): try regex.forEachMatch(in: bytes, range, steps: &steps, body)
        case .text(let text):
            let first = text[0]
            var position = range.lowerBound
            while position + text.count <= range.upperBound {
                if bytes[position] == first, bytes[position..<position + text.count].elementsEqual(text) {
                    body(position..<position + text.count)
                    position += text.count
                } else {
                    position += 1
                }
            }
        case .set(let set):
            var position = range.lowerBound
            while position < range.upperBound {
                let (scalar, length) = UTF8Text.scalar(bytes, at: position)
                if set.contains(scalar) { body(position..<position + length) }
                position += length
            }
        }
    }
}

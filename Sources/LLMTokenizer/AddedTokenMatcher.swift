/// Finds added tokens in a text: the leftmost first, and of those that begin together the longest.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text, or an added token between two.
    enum Segment: Equatable {
        case text(Range<Int>)
        case token(TokenID)
    }

    private struct Entry: Sendable {
        let bytes: [UInt8]
        let id: TokenID
        let token: AddedToken
    }

    /// Sorted by bytes, so that the entries with a common beginning stand together.
    private let entries: [Entry]
    /// Whether a token begins with the byte.
    private let begins: [Bool]

    init(_ tokens: [TokenID: AddedToken]) {
        let entries = tokens.filter { !$0.value.content.isEmpty }
            .map { Entry(bytes: Array($0.value.content.utf8), id: $0.key, token: $0.value) }
            .sorted { ($0.bytes == $1.bytes) ? $0.id < $1.id : $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var begins = [Bool](repeating: false, count: 256)
        for entry in entries { begins[Int(entry.bytes[0])] = true }
        self.entries = entries
        self.begins = begins
    }

    /// Cuts UTF-8 `text` at its added tokens; empty stretches are left out.
    func segments(of text: [UInt8]) -> [Segment] {
        var segments: [Segment] = []
        var start = 0
        var position = 0
        while position < text.count {
            guard begins[Int(text[position])], let entry = match(text, at: position) else {
                position += 1
                continue
            }
            let end = position + entry.bytes.count
            var before = start..<position
            if entry.token.stripsLeft { before = start..<Self.trimmedEnd(text[before]) }
            if !before.isEmpty { segments.append(.text(before)) }
            segments.append(.token(entry.id))
            position = entry.token.stripsRight ? Self.trimmedStart(text[end...]) : end
            start = position
        }
        if start < text.count { segments.append(.text(start..<text.count)) }
        return segments
    }

    private func match(_ text: [UInt8], at start: Int) -> Entry? {
        var candidates = entries[...]
        var longest: Entry?
        var length = 0
        while start + length < text.count, !candidates.isEmpty {
            let byte = text[start + length]
            let lower = candidates.lowerBound { $0.bytes.count > length && $0.bytes[length] >= byte }
            let upper = candidates.lowerBound { $0.bytes.count > length && $0.bytes[length] > byte }
            candidates = candidates[lower..<upper]
            length += 1
            guard let first = candidates.first, first.bytes.count == length else { continue }
            if !first.token.isSingleWord || Self.standsAlone(text, start..<start + length) { longest = first }
        }
        return longest
    }

    private static func standsAlone(_ text: [UInt8], _ range: Range<Int>) -> Bool {
        let before = text[..<range.lowerBound].suffix(4)
        let after = text[range.upperBound...].prefix(4)
        return !(String(decoding: before, as: UTF8.self).unicodeScalars.last.map(isWord) ?? false)
            && !(String(decoding: after, as: UTF8.self).unicodeScalars.first.map(isWord) ?? false)
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    private static func trimmedEnd(_ text: ArraySlice<UInt8>) -> Int {
        let spaces = String(decoding: text, as: UTF8.self).unicodeScalars.reversed().prefix(while: isWhitespace)
        return text.endIndex - spaces.reduce(0) { $0 + UTF8.width($1) }
    }

    private static func trimmedStart(_ text: ArraySlice<UInt8>) -> Int {
        var start = text.startIndex
        var decoder = UTF8()
        var bytes = text.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&bytes), isWhitespace(scalar) {
            start += UTF8.width(scalar)
        }
        return start
    }

    private static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
}

extension ArraySlice {
    /// The first index whose element, and each after it, fulfils `predicate`.
    fileprivate func lowerBound(where predicate: (Element) -> Bool) -> Int {
        var range = startIndex..<endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = predicate(self[middle]) ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }
}

/// Python's `str` operations: positions and lengths count Unicode scalars.
enum PythonText {
    static func length(_ text: String) -> Int { text.unicodeScalars.count }

    /// `text[index]`, or nil where there is no such.
    static func scalar(_ text: String, at index: Int) -> String? {
        let scalars = text.unicodeScalars
        if index >= 0 {
            guard let place = scalars.index(scalars.startIndex, offsetBy: index, limitedBy: scalars.endIndex),
                place < scalars.endIndex
            else { return nil }
            return String(scalars[place])
        }
        return scalars.index(scalars.endIndex, offsetBy: index, limitedBy: scalars.startIndex)
            .map { String(scalars[$0]) }
    }

    /// `text[start:stop]` of positions that are in the text.
    static func slice(_ text: String, _ range: Range<Int>) -> String {
        let scalars = text.unicodeScalars
        let start = scalars.index(scalars.startIndex, offsetBy: range.lowerBound)
        let end = scalars.index(start, offsetBy: range.count)
        return String(scalars[start..<end])
    }

    // MARK: Finding

    /// The byte offsets at which `needle` stands in `text`, none overlapping the one before, at most `limit`.
    ///
    /// Knuth, Morris and Pratt's search, which takes linear time whatever the two are.
    static func offsets(of needle: [UInt8], in text: [UInt8], limit: Int = .max) -> [Int] {
        guard !needle.isEmpty, needle.count <= text.count, limit > 0 else { return [] }
        var borders = [0]
        var length = 0
        for byte in needle.dropFirst() {
            while length > 0, needle[length] != byte { length = borders[length - 1] }
            if needle[length] == byte { length += 1 }
            borders.append(length)
        }
        var offsets: [Int] = []
        length = 0
        for (offset, byte) in text.enumerated() {
            while length > 0, needle[length] != byte { length = borders[length - 1] }
            if needle[length] == byte { length += 1 }
            if length == needle.count {
                offsets.append(offset + 1 - length)
                if offsets.count == limit { break }
                length = 0
            }
        }
        return offsets
    }

    static func contains(_ text: String, _ needle: String) -> Bool {
        needle.isEmpty || !offsets(of: Array(needle.utf8), in: Array(text.utf8), limit: 1).isEmpty
    }

    /// The byte offset of the last `needle` in `text`.
    static func lastOffset(of needle: [UInt8], in text: [UInt8]) -> Int? {
        offsets(of: needle.reversed(), in: text.reversed(), limit: 1).first.map { text.count - $0 - needle.count }
    }

    // MARK: Cutting

    /// `text.split(separator, limit)`, or `rsplit` from the end; a negative limit is none.
    static func split(_ text: String, _ separator: String, limit: Int, fromEnd: Bool) -> [String] {
        let bytes = Array(text.utf8)
        let needle = Array(separator.utf8)
        let count = limit < 0 ? Int.max : limit
        let offsets =
            fromEnd
            ? self.offsets(of: needle.reversed(), in: bytes.reversed(), limit: count).reversed()
                .map { bytes.count - $0 - needle.count }
            : self.offsets(of: needle, in: bytes, limit: count)
        var parts: [String] = []
        var start = 0
        for offset in offsets {
            parts.append(String(decoding: bytes[start..<offset], as: UTF8.self))
            start = offset + needle.count
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return parts
    }

    /// `text.split(None, limit)`: words between white space.
    static func words(_ text: String, limit: Int = -1, fromEnd: Bool = false) -> [String] {
        var parts: [String] = []
        var rest = text[...].unicodeScalars
        while true {
            rest = fromEnd ? trimmedSuffix(rest, \.isPythonSpace) : trimmedPrefix(rest, \.isPythonSpace)
            if rest.isEmpty { break }
            if limit >= 0, parts.count == limit {
                parts.append(String(rest))
                break
            }
            if fromEnd {
                let word = rest.suffix(
                    from: rest.lastIndex(where: \.isPythonSpace).map(rest.index(after:)) ?? rest.startIndex)
                parts.append(String(word))
                rest = rest[..<word.startIndex]
            } else {
                let word = rest.prefix { !$0.isPythonSpace }
                parts.append(String(word))
                rest = rest[word.endIndex...]
            }
        }
        return fromEnd ? parts.reversed() : parts
    }

    /// `text.splitlines(keepends)`
    static func lines(_ text: String, keepsEnds: Bool = false) -> [String] {
        let scalars = text.unicodeScalars
        var lines: [String] = []
        var start = scalars.startIndex
        var place = start
        while place < scalars.endIndex {
            let scalar = scalars[place]
            let end = place
            place = scalars.index(after: place)
            guard scalar.isPythonLineBreak else { continue }
            if scalar == "\r", place < scalars.endIndex, scalars[place] == "\n" { place = scalars.index(after: place) }
            lines.append(String(scalars[start..<(keepsEnds ? place : end)]))
            start = place
        }
        if start < scalars.endIndex { lines.append(String(scalars[start...])) }
        return lines
    }

    /// `text.replace(old, new, limit)`; a negative limit is none.
    static func replacing(_ text: String, _ old: String, with new: String, limit: Int) -> String {
        if old.isEmpty { return interleaving(text, new, limit: limit) }
        return split(text, old, limit: limit, fromEnd: false).joined(separator: new)
    }

    private static func interleaving(_ text: String, _ new: String, limit: Int) -> String {
        var left = limit < 0 ? Int.max : limit
        var result = ""
        for scalar in text.unicodeScalars {
            if left > 0 {
                result += new
                left -= 1
            }
            result.unicodeScalars.append(scalar)
        }
        return left > 0 ? result + new : result
    }

    /// `text * count`, by doubling, which is far faster than `String(repeating:count:)`.
    static func repeating(_ text: String, count: Int) -> String {
        var result = ""
        var block = text
        var left = max(count, 0)
        while left > 0 {
            if left % 2 == 1 { result += block }
            left /= 2
            if left > 0 { block += block }
        }
        return result
    }

    // MARK: Trimming and padding

    enum Side {
        case left, right, both
    }

    /// `text.strip(characters)` and its halves; without characters, white space goes.
    static func stripped(_ text: String, _ characters: String?, _ side: Side = .both) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        func isStripped(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
        var rest = text[...].unicodeScalars
        if side != .right { rest = trimmedPrefix(rest, isStripped) }
        if side != .left { rest = trimmedSuffix(rest, isStripped) }
        return String(rest)
    }

    private static func trimmedPrefix(
        _ text: Substring.UnicodeScalarView, _ predicate: (Unicode.Scalar) -> Bool
    ) -> Substring.UnicodeScalarView { text.drop(while: predicate) }

    private static func trimmedSuffix(
        _ text: Substring.UnicodeScalarView, _ predicate: (Unicode.Scalar) -> Bool
    ) -> Substring.UnicodeScalarView {
        var rest = text
        while let last = rest.last, predicate(last) { rest.removeLast() }
        return rest
    }

    /// `text.center(width, fill)` and its one-sided forms.
    static func padded(_ text: String, to width: Int, with fill: String, _ side: Side) -> String {
        let length = length(text)
        guard width > length else { return text }
        let missing = width - length
        // The odd one goes where CPython puts it.
        let left =
            switch side {
            case .left: missing
            case .right: 0
            case .both: missing / 2 + (missing & width & 1)
            }
        return repeating(fill, count: left) + text + repeating(fill, count: missing - left)
    }

    // MARK: Case

    static func uppercased(_ text: String) -> String {
        mapped(text) { scalar, _ in scalar.properties.uppercaseMapping }
    }

    /// Lower case; a sigma at the end of a word becomes the final one.
    static func lowercased(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        guard scalars.contains("Σ") else { return mapped(text) { scalar, _ in scalar.properties.lowercaseMapping } }
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            result += scalar == "Σ" && isFinal(index, scalars) ? "ς" : scalar.properties.lowercaseMapping
        }
        return result
    }

    private static func isFinal(_ index: Int, _ scalars: [Unicode.Scalar]) -> Bool {
        // Only so far is looked, so that a row of sigmas takes no quadratic time.
        let reach = 64
        let before = scalars[max(0, index - reach)..<index].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(index + 1)..<min(scalars.count, index + 1 + reach)].first {
            !$0.properties.isCaseIgnorable
        }
        return (before?.isCased ?? false) && !(after?.isCased ?? false)
    }

    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        let lower = lowercased(text).unicodeScalars
        return first.properties.titlecaseMapping
            + String(lower.dropFirst(first.properties.lowercaseMapping.unicodeScalars.count))
    }

    /// `text.title()`: a letter after none begins a word.
    static func titled(_ text: String) -> String {
        mapped(text) { scalar, previous in
            previous?.isCased ?? false ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
        }
    }

    static func swappingCase(_ text: String) -> String {
        mapped(text) { scalar, _ in
            scalar.properties.isUppercase ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
        }
    }

    private static func mapped(_ text: String, _ transform: (Unicode.Scalar, Unicode.Scalar?) -> String) -> String {
        var result = ""
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            result += transform(scalar, previous)
            previous = scalar
        }
        return result
    }

    // MARK: Questions

    /// Whether there is a cased character, and each such is of the case that `isWanted` tells.
    static func isAllCased(_ text: String, _ isWanted: (Unicode.Scalar.Properties) -> Bool) -> Bool {
        let cased = text.unicodeScalars.filter(\.isCased)
        return !cased.isEmpty && cased.allSatisfy { isWanted($0.properties) }
    }

    static func isTitled(_ text: String) -> Bool {
        var hasCased = false
        var isAfterCased = false
        for scalar in text.unicodeScalars {
            let isUpper = scalar.properties.isUppercase || scalar.properties.generalCategory == .titlecaseLetter
            guard isUpper || scalar.properties.isLowercase else {
                isAfterCased = false
                continue
            }
            if isUpper == isAfterCased { return false }
            isAfterCased = true
            hasCased = true
        }
        return hasCased
    }
}

/// `slice.indices`: the positions that `[start:stop:step]` takes of `count`.
struct SliceIndices {
    let first: Int
    let step: Int
    let count: Int

    init(start: Int?, stop: Int?, step: Int?, count: Int) throws {
        let step = step ?? 1
        guard step != 0 else { throw JinjaError("a slice's step cannot be 0") }
        self.step = step
        let lowest = step < 0 ? -1 : 0
        let highest = step < 0 ? count - 1 : count
        func clamped(_ index: Int) -> Int { index < 0 ? max(index + count, lowest) : min(index, highest) }
        first = start.map(clamped) ?? (step < 0 ? highest : lowest)
        let end = stop.map(clamped) ?? (step < 0 ? lowest : highest)
        let distance = step < 0 ? first - end : end - first
        self.count = distance <= 0 ? 0 : Int(UInt(distance - 1) / step.magnitude) + 1
    }

    var range: Range<Int>? { step == 1 ? first..<first + count : nil }
    var positions: [Int] { (0..<count).map { first + $0 * step } }
}

import Foundation

/// Unicode's normalization forms (UAX #15), as of Unicode 9.
///
/// That is the version `tokenizers` normalizes by. What was assigned later stays as it is, and joins with nothing.
enum NormalizationForm: Sendable {
    case nfc, nfd, nfkc, nfkd

    /// Normalizes the UTF-8 text `bytes`.
    func normalize(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        // A stretch that may change: from the last inert character before it to the first one after it.
        var start = 0
        var lastInert = 0
        var isChanging = false
        var position = 0
        func flush(to end: Int) {
            if isChanging {
                output += apply(String(decoding: bytes[start..<end], as: UTF8.self)).utf8
            } else {
                output += bytes[start..<end]
            }
        }
        while position < bytes.count {
            let lead = bytes[position]
            if lead < 0x80 {
                if isChanging {
                    flush(to: position)
                    (start, isChanging) = (position, false)
                }
                lastInert = position
                position += 1
                continue
            }
            let (scalar, length) = UTF8Text.scalar(bytes, at: position)
            let isNew = Self.unassigned.contains(scalar)
            if isNew || isInert(scalar) {
                if isChanging {
                    flush(to: position)
                    (start, isChanging) = (position, false)
                }
                // Nothing joins with a newer character, so a stretch never reaches back to one.
                lastInert = isNew ? position + length : position
            } else if !isChanging {
                flush(to: lastInert)
                (start, isChanging) = (lastInert, true)
            }
            position += length
            if isNew { lastInert = position }
        }
        flush(to: bytes.count)
        return output
    }

    private func apply(_ text: String) -> String {
        var scalars: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            switch self {
            case .nfc, .nfd: scalars += CanonicalMapping.decomposition(of: scalar)
            // One scalar at a time: Foundation takes quadratic time in a run of marks.
            case .nfkc, .nfkd: scalars += String(scalar).decomposedStringWithCompatibilityMapping.unicodeScalars
            }
        }
        CanonicalMapping.sortMarks(&scalars)
        if self == .nfc || self == .nfkc { scalars = CanonicalMapping.composed(scalars) }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Whether a scalar that is not ASCII surely stays as it is, and begins what may join with it. A few large ranges,
    /// so that most text need not be looked at closely.
    private func isInert(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .nfc: Self.inertComposed.contains(scalar)
        case .nfd: Self.inertDecomposed.contains(scalar)
        case .nfkc: Self.inertCompatible.contains(scalar)
        case .nfkd: Self.inertEverywhere.contains(scalar)
        }
    }

    /// Letters of Cyrillic, Hebrew, Arabic and Thai, kana, ideographs and pictures without any decomposition.
    private static let inertEverywhere = ScalarSet([
        0x410...0x418, 0x41A...0x438, 0x43A...0x44F, 0x5D0...0x5EA, 0x627...0x64A, 0xE01...0xE30, 0x3001...0x3020,
        0x3400...0x4DB5, 0x4E00...0x9FEF, 0x1F300...0x1F64F,
    ])
    private static let inertDecomposed = inertEverywhere.union(
        ScalarSet([0x80...0xBF, 0x2010...0x2027, 0x2030...0x205E]))
    private static let inertCompatible = inertEverywhere.union(
        ScalarSet([0x400...0x481, 0x620...0x64A, 0x3041...0x3096, 0x30A1...0x30FA, 0xAC00...0xD7A3]))
    private static let inertComposed = inertCompatible.union(inertDecomposed).union(
        ScalarSet([0x80...0x2FF, 0x388...0x3CE, 0x1EA0...0x1EF9, 0xFF01...0xFF60]))

    /// What Unicode 9 does not know.
    private static let unassigned = ScalarSet(
        UnicodeSets.assignable.filter { UnicodeSets.isNewer($0, than: (9, 0)) }.map { $0.value...$0.value })
}

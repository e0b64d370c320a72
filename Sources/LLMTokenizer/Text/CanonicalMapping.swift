import Foundation

/// Canonical decomposition, order and composition of scalars (UAX #15), in O(n log n) whatever marks there are.
///
/// Foundation says what single scalars consist of. Whole texts it normalizes in time quadratic in a run of marks, and it
/// does not sort what some marks consist of among the marks around them.
enum CanonicalMapping {
    /// What `scalar` consists of in the end; itself, where it cannot be decomposed.
    static func decomposition(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        Hangul.decomposition(of: scalar) ?? decompositions[scalar] ?? [scalar]
    }

    /// Brings each run of marks into canonical order.
    static func sortMarks(_ scalars: inout [Unicode.Scalar]) {
        var start = 0
        while start < scalars.count {
            var end = start
            while end < scalars.count, combiningClass(scalars[end]) > 0 { end += 1 }
            // Marks of one class keep their order: the sort is stable.
            if end > start + 1 { scalars[start..<end].sort { combiningClass($0) < combiningClass($1) } }
            start = end + 1
        }
    }

    /// Joins what can be joined, in scalars that are decomposed and sorted.
    static func composed(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(scalars.count)
        var starter: Int?
        // The class of the last mark that stands behind the starter; -1 where none does.
        var last = -1
        for scalar in scalars {
            let rank = combiningClass(scalar)
            if let starter, last < rank, let joined = composition(of: output[starter], scalar) {
                output[starter] = joined
                continue
            }
            if rank == 0 {
                starter = output.count
                last = -1
            } else {
                last = rank
            }
            output.append(scalar)
        }
        return output
    }

    private static func combiningClass(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x300 ? 0 : Int(scalar.properties.canonicalCombiningClass.rawValue)
    }

    private static func composition(of first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        Hangul.composition(of: first, second) ?? compositions[pair(first, second)]
    }

    private static func pair(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt64 {
        UInt64(first.value) << 32 | UInt64(second.value)
    }

    /// Where the scalars are that Unicode 9 decomposes, but for Hangul. No later version can change them.
    private static let decomposable: [ClosedRange<UInt32>] = [
        0xC0...0x2ADC, 0x304C...0x30FE, 0xF900...0xFB4E, 0x1109A...0x115BB, 0x1D15E...0x1D1C0, 0x2F800...0x2FA1D,
    ]

    private static let decompositions: [Unicode.Scalar: [Unicode.Scalar]] = {
        var decompositions: [Unicode.Scalar: [Unicode.Scalar]] = [:]
        for scalar in decomposable.joined().compactMap(Unicode.Scalar.init) {
            let parts = Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
            if parts != [scalar] { decompositions[scalar] = parts }
        }
        return decompositions
    }()

    /// By pair: what it becomes. Each scalar may be joined from the composition of all its parts but the last, and that.
    private static let compositions: [UInt64: Unicode.Scalar] = {
        var compositions: [UInt64: Unicode.Scalar] = [:]
        let joined = decompositions.filter { !$0.key.properties.isFullCompositionExclusion }
        for (scalar, parts) in joined.sorted(by: { $0.value.count < $1.value.count }) {
            let first = parts.dropFirst().dropLast().reduce(Optional(parts[0])) { first, part in
                first.flatMap { compositions[pair($0, part)] }
            }
            if let first, let last = parts.last { compositions[pair(first, last)] = scalar }
        }
        return compositions
    }()
}

/// The syllables of Hangul, which are composed by arithmetic (The Unicode Standard, section 3.12).
private enum Hangul {
    private static let (syllables, leads, vowels, tails): (UInt32, UInt32, UInt32, UInt32) =
        (0xAC00, 0x1100, 0x1161, 0x11A7)
    private static let (leadCount, vowelCount, tailCount): (UInt32, UInt32, UInt32) = (19, 21, 28)
    private static let syllableCount = leadCount * vowelCount * tailCount

    static func decomposition(of scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
        guard let index = index(scalar, syllables, syllableCount) else { return nil }
        let values = [
            leads + index / (vowelCount * tailCount), vowels + index / tailCount % vowelCount,
            tails + index % tailCount,
        ]
        return values.filter { $0 != tails }.compactMap(Unicode.Scalar.init)
    }

    static func composition(of first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if let lead = index(first, leads, leadCount), let vowel = index(second, vowels, vowelCount) {
            return Unicode.Scalar(syllables + (lead * vowelCount + vowel) * tailCount)
        }
        if let syllable = index(first, syllables, syllableCount), syllable % tailCount == 0,
            let tail = index(second, tails, tailCount), tail > 0
        {
            return Unicode.Scalar(first.value + tail)
        }
        return nil
    }

    /// How far `scalar` is behind `start`, where that is less than `count`.
    private static func index(_ scalar: Unicode.Scalar, _ start: UInt32, _ count: UInt32) -> UInt32? {
        scalar.value >= start && scalar.value - start < count ? scalar.value - start : nil
    }
}

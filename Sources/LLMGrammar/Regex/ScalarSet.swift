/// A set of Unicode scalars, as ranges in ascending order that neither overlap nor touch. Surrogates are never in it.
package struct ScalarSet: Hashable, Sendable {
    package private(set) var ranges: [ClosedRange<UInt32>]

    /// The empty set.
    package init() { ranges = [] }

    /// The scalars of `ranges`, which may overlap and come in any order; surrogates and numbers past the last scalar
    /// are left out.
    package init(_ ranges: some Sequence<ClosedRange<UInt32>>) {
        var pieces: [ClosedRange<UInt32>] = []
        for range in ranges {
            for allowed in [0...0xD7FF, 0xE000...0x10FFFF] as [ClosedRange<UInt32>] where range.overlaps(allowed) {
                pieces.append(range.clamped(to: allowed))
            }
        }
        pieces.sort { $0.lowerBound < $1.lowerBound }
        self.ranges = []
        for piece in pieces {
            if let last = self.ranges.last, piece.lowerBound <= last.upperBound + 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, piece.upperBound)
            } else {
                self.ranges.append(piece)
            }
        }
    }

    package init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    /// The scalars of `range`.
    package init(_ range: ClosedRange<Unicode.Scalar>) {
        self.init(CollectionOfOne(range.lowerBound.value...range.upperBound.value))
    }

    /// The scalars of a text.
    package init(scalarsOf text: String) { self.init(text.unicodeScalars.lazy.map { $0.value...$0.value }) }

    /// All scalars.
    package static let all = ScalarSet(CollectionOfOne(0...0x10FFFF))

    package var isEmpty: Bool { ranges.isEmpty }

    package func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } }

    package func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    package var complement: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return ScalarSet(gaps)
    }

    package func intersection(_ other: ScalarSet) -> ScalarSet {
        complement.union(other.complement).complement
    }

    package func subtracting(_ other: ScalarSet) -> ScalarSet { complement.union(other).complement }

    /// The set with the other case of its letters where that is one scalar.
    package var withBothCases: ScalarSet {
        var others: [ClosedRange<UInt32>] = []
        for range in ranges where range.count < 0x800 {
            for value in range {
                guard let properties = Unicode.Scalar(value)?.properties else { continue }
                for text in [properties.lowercaseMapping, properties.uppercaseMapping]
                where text.unicodeScalars.count == 1 {
                    others.append(text.unicodeScalars.first!.value...text.unicodeScalars.first!.value)
                }
            }
        }
        return ScalarSet(ranges + others)
    }
}

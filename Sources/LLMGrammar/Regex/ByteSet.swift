/// A set of bytes.
package struct ByteSet: Hashable, Sendable {
    /// Bit `b % 64` of word `b / 64` is set where the byte `b` is in the set.
    package var words: (UInt64, UInt64, UInt64, UInt64)

    /// The empty set.
    package init() { words = (0, 0, 0, 0) }

    package init(_ range: ClosedRange<UInt8>) {
        self.init()
        for byte in range { insert(byte) }
    }

    package init(_ bytes: some Sequence<UInt8>) {
        self.init()
        for byte in bytes { insert(byte) }
    }

    /// All bytes.
    package static let all = ByteSet(0...255)

    package var isEmpty: Bool { words.0 | words.1 | words.2 | words.3 == 0 }

    package var count: Int {
        words.0.nonzeroBitCount + words.1.nonzeroBitCount + words.2.nonzeroBitCount + words.3.nonzeroBitCount
    }

    package func contains(_ byte: UInt8) -> Bool { word(Int(byte >> 6)) >> UInt64(byte & 63) & 1 != 0 }

    package mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    package func union(_ other: ByteSet) -> ByteSet {
        var result = self
        result.words.0 |= other.words.0
        result.words.1 |= other.words.1
        result.words.2 |= other.words.2
        result.words.3 |= other.words.3
        return result
    }

    package func intersection(_ other: ByteSet) -> ByteSet {
        var result = self
        result.words.0 &= other.words.0
        result.words.1 &= other.words.1
        result.words.2 &= other.words.2
        result.words.3 &= other.words.3
        return result
    }

    package func subtracting(_ other: ByteSet) -> ByteSet { intersection(other.complement) }

    package var complement: ByteSet {
        var result = self
        result.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return result
    }

    /// Calls `body` with each byte of the set, in order.
    @inline(__always)
    package func forEach(_ body: (UInt8) -> Void) {
        for index in 0..<4 {
            var rest = word(index)
            while rest != 0 {
                body(UInt8(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
    }

    /// The least byte of a set that is not empty.
    package var first: UInt8 {
        for index in 0..<4 where word(index) != 0 { return UInt8(index * 64 + word(index).trailingZeroBitCount) }
        return 0
    }

    @inline(__always)
    package func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: words.0
        case 1: words.1
        case 2: words.2
        default: words.3
        }
    }

    package static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

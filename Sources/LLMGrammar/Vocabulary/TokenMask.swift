/// Which tokens may come next: one bit a token.
package struct TokenMask: Hashable, Sendable {
    /// Bit `t % 64` of word `t / 64` is set where the token `t` may come.
    package internal(set) var words: [UInt64]

    /// No token of `count`.
    package init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    package func contains(_ token: Int32) -> Bool {
        token >= 0 && Int(token) >> 6 < words.count && words[Int(token) >> 6] >> UInt64(token & 63) & 1 != 0
    }

    @inline(__always)
    mutating func insert(_ token: Int32) { words[Int(token) >> 6] |= 1 << UInt64(token & 63) }

    /// How many tokens may come.
    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The tokens that may come, in order; stops at `limit`.
    package func tokens(limit: Int = .max) -> [Int32] {
        var result: [Int32] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                if result.count >= limit { return result }
                result.append(Int32(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return result
    }

    /// No token of `count`, in the memory that there is.
    mutating func clear(count: Int) {
        guard words.count == (count + 63) / 64 else {
            self = TokenMask(count: count)
            return
        }
        for index in words.indices { words[index] = 0 }
    }

    mutating func formUnion(_ other: TokenMask) {
        for index in words.indices { words[index] |= other.words[index] }
    }
}

/// Philox4x32-10: 128 random bits for each (counter, key), with no state between calls.
///
/// Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
package enum Philox {
    /// The ten rounds on `counter` under `key`.
    package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var block = counter
        var roundKey = key
        for _ in 0..<10 {
            let first = block.x.multipliedFullWidth(by: 0xD251_1F53)
            let second = block.z.multipliedFullWidth(by: 0xCD9E_8D57)
            block = SIMD4(
                second.high ^ block.y ^ roundKey.x, second.low,
                first.high ^ block.w ^ roundKey.y, first.low)
            roundKey &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return block
    }

    /// A uniform number in [0, 1), a multiple of 2^-53, that depends on nothing but its arguments.
    ///
    /// - Parameters:
    ///   - seed: the sequence's seed.
    ///   - output: the index of the output token drawn for.
    ///   - draw: which draw for that token.
    package static func uniform(seed: Int64, output: Int, draw: Draw) -> Double {
        let output = UInt64(bitPattern: Int64(output))
        let counter = SIMD4(
            UInt32(truncatingIfNeeded: output), UInt32(truncatingIfNeeded: output >> 32), 0, draw.rawValue)
        return Double(bits53(counter: counter, seed: seed)) * 0x1p-53
    }

    /// 53 bits for a counter under a seed: the block's first two words, without the lowest 11 bits.
    static func bits53(counter: SIMD4<UInt32>, seed: Int64) -> UInt64 {
        let seed = UInt64(bitPattern: seed)
        let bits = block(
            counter: counter, key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        return (UInt64(bits.x) << 32 | UInt64(bits.y)) >> 11
    }
}

/// The users of randomness, each with draws of its own for every token; the raw value is the last word of the counter.
package enum Draw: UInt32, Sendable, CaseIterable {
    /// Which of the candidates is the token.
    case token = 0
    /// Whether XTC does anything.
    case xtc = 1
    /// The seeds of a request's samples; it is no draw for a token.
    case sampleSeed = 0xFFFF_FFFF
}

extension SamplingParameters {
    /// The seed of sample `index` of a request with `n` samples and the seed `seed`.
    ///
    /// Sample 0 has the request's own seed. Sample i > 0 has the first 53 bits of the Philox4x32-10 block of the counter
    /// (i, 0, 0, 2^32 - 1) under the key `seed` (its low word, then its high one): a number in [0, 2^53), so that every
    /// reader of JSON holds it exactly. A sample draws with this seed and with nothing else, so it is the sequence of a
    /// request of its own with this seed.
    public static func seed(ofSample index: Int, from seed: Int64) -> Int64 {
        guard index > 0 else { return seed }
        let counter = SIMD4(UInt32(truncatingIfNeeded: index), 0, 0, Draw.sampleSeed.rawValue)
        return Int64(Philox.bits53(counter: counter, seed: seed))
    }
}

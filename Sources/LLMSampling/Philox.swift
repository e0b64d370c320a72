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
    ///   - seed: the request's seed.
    ///   - sample: which of the request's sequences.
    ///   - output: the index of the output token drawn for.
    ///   - draw: which draw for that token; each user of randomness has its own.
    package static func uniform(seed: Int64, sample: Int, output: Int, draw: UInt32) -> Double {
        let seed = UInt64(bitPattern: seed)
        let output = UInt64(bitPattern: Int64(output))
        let bits = block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: output), UInt32(truncatingIfNeeded: output >> 32),
                UInt32(truncatingIfNeeded: sample), draw),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        return Double((UInt64(bits.x) << 32 | UInt64(bits.y)) >> 11) * 0x1p-53
    }
}

import Foundation

/// SplitMix64, one stream for each request, so that what a request is does not depend on when or on which thread it is
/// sent.
package struct LoadRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The stream with this number of the generator of `seed`.
    package init(seed: UInt64, stream: UInt64) {
        state = seed
        state = next() ^ stream &* 0xD6E8_FEB8_6659_FD93
        state = next()
    }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in (0, 1].
    package mutating func uniform() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

    /// A normal variate of mean 0 and variance 1 (Box and Muller).
    package mutating func normal() -> Double {
        (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
    }

    /// A gamma variate of this shape and scale 1 (Marsaglia and Tsang, 2000).
    package mutating func gamma(shape: Double) -> Double {
        guard shape >= 1 else { return gamma(shape: shape + 1) * pow(uniform(), 1 / shape) }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = 1 + c * x
            guard v > 0 else { continue }
            let cube = v * v * v
            if log(uniform()) < x * x / 2 + d - d * cube + d * log(cube) { return d * cube }
        }
    }
}

/// Exponential and logarithm from additions and multiplications alone, in one written order.
///
/// The C library picks its versions by CPU, and they differ in the last bit; these give the same bits everywhere, so
/// the same token is drawn everywhere. Both stay within 2 ulp.
package enum PortableMath {
    private static let ln2High = 0x1.62e42feep-1  // 32 bits, so that its product with an exponent is exact
    private static let ln2Low = 0x1.a39ef35793c76p-33

    /// e to the power `x`, for `x` up to 709; exactly 0 below -708, where the result would leave the normal numbers.
    ///
    /// Free of branches, so that a loop over it is vectorized.
    @inline(__always)
    package static func exp(_ x: Double) -> Double {
        let rounder = 0x1.8p52  // adding it rounds to an integer, which then stands in the low bits
        let shifted = x * 0x1.71547652b82fep0 + rounder
        let exponent = shifted - rounder
        let r = (x - exponent * ln2High) - exponent * ln2Low

        // The Taylor series to r^13, |r| <= ln(2)/2, in pairs: short chains that the CPU runs side by side.
        let r2 = r * r
        let r4 = r2 * r2
        let from2 = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120))
        let from6 = (1.0 / 720 + r * (1.0 / 5040)) + r2 * (1.0 / 40320 + r * (1.0 / 362_880))
        let from10 =
            (1.0 / 3_628_800 + r * (1.0 / 39_916_800)) + r2 * (1.0 / 479_001_600 + r * (1.0 / 6_227_020_800))
        let mantissa = 1 + (r + r2 * (from2 + r4 * (from6 + r4 * from10)))

        let power = Double(bitPattern: (shifted.bitPattern &+ 1023) << 52)
        return x < -708 ? 0 : mantissa * power
    }

    /// The natural logarithm of `x`, finite and above 0.
    package static func log(_ x: Double) -> Double {
        var exponent = Double(x.exponent)
        var mantissa = x.significand
        if mantissa > 0x1.6a09e667f3bcdp0 {
            mantissa *= 0.5
            exponent += 1
        }
        // log((1+s)/(1-s)) = 2s(1 + s²/3 + s⁴/5 + …), where |s| <= 0.1716.
        let f = mantissa - 1
        let s = f / (2 + f)
        let s2 = s * s
        var tail = 2.0 / 23
        tail = tail * s2 + 2.0 / 21
        tail = tail * s2 + 2.0 / 19
        tail = tail * s2 + 2.0 / 17
        tail = tail * s2 + 2.0 / 15
        tail = tail * s2 + 2.0 / 13
        tail = tail * s2 + 2.0 / 11
        tail = tail * s2 + 2.0 / 9
        tail = tail * s2 + 2.0 / 7
        tail = tail * s2 + 2.0 / 5
        tail = tail * s2 + 2.0 / 3
        tail *= s2
        // 2s = f - s·f exactly, and f has no rounding error.
        return exponent * ln2High + (f - (s * (f - tail) - exponent * ln2Low))
    }
}

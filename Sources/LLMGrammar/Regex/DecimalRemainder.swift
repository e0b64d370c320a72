/// The decimal numbers that are whole multiples of `divisor` × 10^-`scale`: texts `-?[0-9]+(\.[0-9]+)?` of such a value,
/// read digit by digit. Leading zeros and `-0` are taken; whoever forbids them intersects with a syntax of numbers.
package struct DecimalRemainder: Hashable, Sendable {
    package let divisor: UInt64
    package let scale: Int

    /// The greatest divisor and scale.
    package static let limits = (divisor: UInt64(1) << 53, scale: 32)

    /// Nil where the divisor is 0 or a value is over its limit.
    package init?(divisor: UInt64, scale: Int) {
        guard divisor > 0, divisor <= Self.limits.divisor, scale >= 0, scale <= Self.limits.scale else { return nil }
        self.divisor = divisor
        self.scale = scale
    }
}

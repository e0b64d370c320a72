/// Sets of numbers as regular expressions over their texts without exponents, `-?(0|[1-9][0-9]*)(\.[0-9]+)?`: a number
/// is in a set in each of its spellings (`1`, `1.0`, `1.00`) or in none, so that complements are exact.
enum NumberLanguage {
    private static let digit = RegexExpression.bytes(ByteSet(0x30...0x39))
    private static let digits = RegexExpression.repeated(digit, min: 0, max: nil)
    private static let nonZero = RegexExpression.bytes(ByteSet(0x31...0x39))
    private static let minus = RegexExpression.text("-")
    private static let point = RegexExpression.text(".")
    private static let zeros = RegexExpression.repeated(.text("0"), min: 0, max: nil)
    private static let anyFraction = RegexExpression.optional(.sequence([point, digit, digits]))
    private static let zeroFraction = RegexExpression.optional(.sequence([point, .text("0"), zeros]))
    private static let wholeDigits = RegexExpression.either([.text("0"), .sequence([nonZero, digits])])
    private static let anyMagnitude = RegexExpression.sequence([wholeDigits, anyFraction])

    /// Every number.
    static let all = RegexExpression.sequence([.optional(minus), anyMagnitude])

    /// Every number whose fraction is zero.
    static let integers = RegexExpression.sequence([.optional(minus), wholeDigits, zeroFraction])

    /// The numbers that are not in `set`.
    static func complement(_ set: RegexExpression) -> RegexExpression { .both([all, .not(set)]) }

    /// The number in all of its spellings.
    static func spellings(of number: DecimalNumber) -> RegexExpression {
        let (whole, fraction) = number.parts
        let head = RegexExpression.literal(whole.isEmpty ? [0x30] : whole.map { $0 + 0x30 })
        let tail =
            fraction.isEmpty
            ? zeroFraction : .sequence([point, .literal(fraction.map { $0 + 0x30 }), zeros])
        let sign: RegexExpression = number.isZero ? .optional(minus) : number.isNegative ? minus : .empty
        return .sequence([sign, head, tail])
    }

    /// The numbers above `bound`, or from it on.
    static func above(_ bound: DecimalNumber, orEqual: Bool) -> RegexExpression {
        if bound.isNegative {
            let beyond = magnitudesAbove(bound.magnitude, orEqual: !orEqual)
            return .either([anyMagnitude, .sequence([minus, .both([anyMagnitude, .not(beyond)])])])
        }
        if bound.isZero && orEqual {
            return .either([anyMagnitude, .sequence([minus, .text("0"), zeroFraction])])
        }
        return magnitudesAbove(bound, orEqual: orEqual)
    }

    /// The numbers below `bound`, or up to it.
    static func below(_ bound: DecimalNumber, orEqual: Bool) -> RegexExpression {
        complement(above(bound, orEqual: !orEqual))
    }

    /// The multiples of `divisor`; nil where its digits are more than an automaton of remainders takes.
    static func multiples(of divisor: DecimalNumber) -> RegexExpression? {
        let number = divisor.magnitude
        let text =
            number.digits.map { Character(Unicode.Scalar($0 + 0x30)) }
            + Array(repeating: "0", count: max(number.exponent, 0))
        guard let value = UInt64(String(text)),
            let remainder = DecimalRemainder(divisor: value, scale: max(-number.exponent, 0))
        else { return nil }
        return .both([all, .remainder(remainder)])
    }

    /// The texts of numbers without sign above `bound`, digit by digit from the last to the first: what may follow the
    /// same digits as the bound's.
    private static func magnitudesAbove(_ bound: DecimalNumber, orEqual: Bool) -> RegexExpression {
        let (whole, fraction) = bound.parts
        var rest: RegexExpression =
            orEqual ? digits : .sequence([digits, nonZero, digits])
        for digit in fraction.reversed() { rest = next(digit, then: rest, freely: digits) }
        // The point and the fraction, after all digits of the whole part.
        let fractionAbove: RegexExpression
        if fraction.isEmpty {
            fractionAbove =
                orEqual ? anyFraction : .sequence([point, digits, nonZero, digits])
        } else {
            fractionAbove = .sequence([point, rest])
        }
        let head = whole.isEmpty ? [0] : whole
        var sameLength = fractionAbove
        for (index, value) in head.enumerated().reversed() {
            let free = RegexExpression.sequence([
                .repeated(digit, min: head.count - 1 - index, max: head.count - 1 - index), anyFraction,
            ])
            sameLength = next(value, then: sameLength, freely: free)
        }
        let longer: RegexExpression =
            head == [0]
            ? .sequence([nonZero, digits, anyFraction])
            : .sequence([nonZero, .repeated(digit, min: head.count, max: nil), anyFraction])
        return .either([sameLength, longer])
    }

    /// The bound's own digit and `rest`, or a greater one and whatever is free.
    private static func next(_ digit: UInt8, then rest: RegexExpression, freely free: RegexExpression)
        -> RegexExpression
    {
        let same = RegexExpression.sequence([.literal([digit + 0x30]), rest])
        guard digit < 9 else { return same }
        return .either([same, .sequence([.bytes(ByteSet(digit + 0x31...0x39)), free])])
    }

    /// Whether `set`, as it is put together, has whole numbers only.
    static func isWhole(_ set: RegexExpression) -> Bool {
        switch set {
        case integers: true
        case .both(let parts): parts.contains(where: isWhole)
        case .either(let parts): parts.allSatisfy(isWhole)
        default: false
        }
    }

    // MARK: What is written

    /// The most digits before the point, after it and in an exponent that are written.
    static let writtenDigits = (whole: 40, fraction: 40, exponent: 3)

    private static let writtenWhole = RegexExpression.either([
        .text("0"), .sequence([nonZero, .repeated(digit, min: 0, max: writtenDigits.whole - 1)]),
    ])

    /// Every number as documents may write it, with exponents too.
    static let written = RegexExpression.sequence([
        .optional(minus), writtenWhole,
        .optional(.sequence([point, .repeated(digit, min: 1, max: writtenDigits.fraction)])),
        .optional(
            .sequence([
                .bytes(ByteSet(Array("eE".utf8))), .optional(.bytes(ByteSet(Array("+-".utf8)))),
                .repeated(digit, min: 1, max: writtenDigits.exponent),
            ])),
    ])

    /// The numbers without exponent as documents may write them, whole ones without a point.
    static let writtenIntegers = RegexExpression.sequence([.optional(minus), writtenWhole])

    /// One spelling a number, so that equal texts are equal values: no exponent, no zeros at the end of a fraction, no
    /// minus before zero.
    static let canonical = RegexExpression.both([
        .sequence([
            .optional(minus), writtenWhole,
            .optional(.sequence([point, .repeated(digit, min: 0, max: writtenDigits.fraction - 1), nonZero])),
        ]),
        .not(.text("-0")),
    ])

    /// Of `set`, what documents may write.
    static func written(_ set: RegexExpression, wholeOnly: Bool) -> RegexExpression {
        .both([set, wholeOnly ? writtenIntegers : writtenReals])
    }

    private static let writtenReals = RegexExpression.sequence([
        .optional(minus), writtenWhole,
        .optional(.sequence([point, .repeated(digit, min: 1, max: writtenDigits.fraction)])),
    ])
}

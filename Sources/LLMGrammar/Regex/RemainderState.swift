/// How far a decimal number has been read, and the remainder of what was read.
struct RemainderState: Hashable {
    let number: DecimalRemainder
    var stage: Stage
    /// Of the digits read as a whole number.
    var remainder: UInt64

    enum Stage: Hashable {
        case start
        case afterSign
        case whole
        case afterPoint
        case fraction(Int)
    }

    init(_ number: DecimalRemainder) {
        self.number = number
        stage = .start
        remainder = 0
    }

    private init(_ number: DecimalRemainder, _ stage: Stage, _ remainder: UInt64) {
        self.number = number
        self.stage = stage
        self.remainder = remainder
    }

    /// How many digits of the fraction were read; those past the scale count as the scale.
    private var fractionDigits: Int {
        if case .fraction(let count) = stage { count } else { 0 }
    }

    /// The remainder with `count` zeros more.
    private func shifted(by count: Int) -> UInt64 {
        var value = remainder
        for _ in 0..<count { value = value * 10 % number.divisor }
        return value
    }

    /// Whether what was read is a number and a multiple.
    var isZero: Bool {
        switch stage {
        case .start, .afterSign, .afterPoint: false
        case .whole, .fraction: shifted(by: number.scale - fractionDigits) == 0
        }
    }

    /// Whether digits can follow that make a multiple.
    var canBecomeZero: Bool {
        switch stage {
        case .start, .afterSign, .whole: return true
        case .afterPoint, .fraction:
            let left = number.scale - fractionDigits
            let value = shifted(by: left)
            if value == 0 { return true }
            // The digits left add less than 10^left.
            var reach: UInt64 = 1
            for _ in 0..<left where reach <= number.divisor { reach *= 10 }
            return number.divisor - value < reach
        }
    }

    /// The states after each byte that may follow.
    var successors: [(UInt8, RemainderState)] {
        var result: [(UInt8, RemainderState)] = []
        if stage == .start { result.append((UInt8(ascii: "-"), RemainderState(number, .afterSign, 0))) }
        if stage == .whole { result.append((UInt8(ascii: "."), RemainderState(number, .afterPoint, remainder))) }
        for digit in 0..<10 as Range<UInt64> {
            let byte = UInt8(ascii: "0") + UInt8(digit)
            let next = (remainder * 10 + digit) % number.divisor
            switch stage {
            case .start, .afterSign, .whole: result.append((byte, RemainderState(number, .whole, next)))
            case .afterPoint, .fraction:
                if fractionDigits < number.scale {
                    result.append((byte, RemainderState(number, .fraction(fractionDigits + 1), next)))
                } else if digit == 0 {
                    result.append((byte, RemainderState(number, .fraction(number.scale), remainder)))
                }
            }
        }
        return result
    }
}

import Foundation

extension Double {
    /// `repr` of a Python float: the shortest digits that give the number back.
    var pythonDescription: String {
        if isNaN { return "nan" }
        if isInfinite { return self < 0 ? "-inf" : "inf" }
        let (digits, exponent) = shortestDigits
        let sign = self.sign == .minus ? "-" : ""
        guard -4..<16 ~= exponent else {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let magnitude = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return "\(sign)\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(magnitude)"
        }
        if exponent < 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)" }
        let padded = digits + String(repeating: "0", count: max(0, exponent + 2 - digits.count))
        return "\(sign)\(padded.prefix(exponent + 1)).\(padded.dropFirst(exponent + 1))"
    }

    /// The shortest decimal digits, and the power of ten of the first.
    private var shortestDigits: (digits: String, exponent: Int) {
        if self == 0 { return ("0", 0) }
        let parts = magnitude.description.split(separator: "e")
        var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let number = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(number[0])
        var digits = whole + (number.count > 1 ? String(number[1]) : "")
        exponent += whole.count - 1
        let leading = digits.prefix { $0 == "0" }.count
        digits.removeFirst(leading)
        exponent -= leading
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        return (digits, exponent)
    }

    /// `round(self, digits)`: the nearest decimal, of two equally near ones the even.
    func rounded(toDigits digits: Int) -> Double {
        guard isFinite else { return self }
        if digits > 300 { return self }
        if digits < 0 {
            if digits < -308 { return 0 * self }
            let unit = pow(10, Double(-digits))
            return (self / unit).rounded(.toNearestOrEven) * unit
        }
        return Double(formatted("f", precision: digits)) ?? self
    }

    /// C's `%e`, `%f` or `%g` with so many digits.
    func formatted(_ conversion: Character, precision: Int) -> String {
        String(format: "%.\(precision)\(conversion)", self)
    }

    /// `self // other` and `self % other`, as Python divides; `other` is not 0.
    func pythonDivided(by other: Double) -> (quotient: Double, remainder: Double) {
        var remainder = fmod(self, other)
        var quotient = (self - remainder) / other
        if remainder != 0 {
            if (other < 0) != (remainder < 0) {
                remainder += other
                quotient -= 1
            }
        } else {
            remainder = Double(signOf: other, magnitudeOf: 0)
        }
        if quotient == 0 { return (Double(signOf: self / other, magnitudeOf: 0), remainder) }
        let floor = quotient.rounded(.down)
        return (quotient - floor > 0.5 ? floor + 1 : floor, remainder)
    }
}

extension Double {
    func power(_ exponent: Double) -> Double { pow(self, exponent) }
}

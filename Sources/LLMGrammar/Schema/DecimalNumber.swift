/// A decimal number, exactly: `digits` × 10^`exponent`.
package struct DecimalNumber: Hashable, Sendable {
    /// The most digits, and the furthest exponent either way, that are read.
    package static let limits = (digits: 400, exponent: 400)

    let isNegative: Bool
    /// From the first that is not 0 to the last that is not 0; none for zero.
    let digits: [UInt8]
    let exponent: Int

    init(isNegative: Bool, digits: [UInt8], exponent: Int) {
        let start = digits.firstIndex { $0 != 0 } ?? digits.count
        let end = (digits.lastIndex { $0 != 0 } ?? -1) + 1
        self.digits = start < end ? Array(digits[start..<end]) : []
        self.exponent = start < end ? exponent + digits.count - end : 0
        self.isNegative = isNegative && start < end
    }

    init(_ value: Int) {
        let text = String(value.magnitude).utf8.map { $0 - UInt8(ascii: "0") }
        self.init(isNegative: value < 0, digits: text, exponent: 0)
    }

    /// Reads a number as JSON writes it; nil where it is beyond the limits.
    package init?(_ text: String) {
        var digits: [UInt8] = []
        var exponent = 0
        var written = 0
        var isNegative = false
        var isFraction = false
        var rest = text.utf8[...]
        while let byte = rest.first {
            rest.removeFirst()
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
                guard let value = Int(String(decoding: rest, as: UTF8.self)) else { return nil }
                written = value
                rest = rest.suffix(0)
            default:
                if digits.count > 2 * Self.limits.digits { return nil }
                digits.append(byte - UInt8(ascii: "0"))
                if isFraction { exponent -= 1 }
            }
        }
        guard written.magnitude <= Self.limits.exponent else { return nil }
        self.init(isNegative: isNegative, digits: digits, exponent: exponent + written)
        guard self.digits.count <= Self.limits.digits, self.exponent.magnitude <= Self.limits.exponent else {
            return nil
        }
    }

    var isZero: Bool { digits.isEmpty }

    var isInteger: Bool { exponent >= 0 }

    var magnitude: DecimalNumber { DecimalNumber(isNegative: false, digits: digits, exponent: exponent) }

    /// The whole number that it is, where it fits.
    var integer: Int? { isInteger ? Int(description) : nil }

    /// The digits before and after the point, the former without leading and the latter without trailing zeros.
    var parts: (whole: [UInt8], fraction: [UInt8]) {
        if exponent >= 0 { return (digits + Array(repeating: 0, count: exponent), []) }
        let split = digits.count + exponent
        if split <= 0 { return ([], Array(repeating: 0, count: -split) + digits) }
        return (Array(digits[..<split]), Array(digits[split...]))
    }
}

extension DecimalNumber: CustomStringConvertible {
    /// The number without exponent, leading and trailing zeros.
    package var description: String {
        let (whole, fraction) = parts
        func text(_ digits: [UInt8]) -> String {
            String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        }
        return (isNegative ? "-" : "") + (whole.isEmpty ? "0" : text(whole))
            + (fraction.isEmpty ? "" : "." + text(fraction))
    }
}

/// A pattern that is read scalar by scalar.
struct RegexReader {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func skip() { position += 1 }

    mutating func take() throws(Damage) -> Unicode.Scalar {
        guard let next else { throw damage("it ends too early") }
        position += 1
        return next
    }

    /// Reads over `text` where it comes next.
    mutating func skip(_ text: String) -> Bool {
        guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    /// Whether a hyphen comes next that has something behind it to reach to.
    var isRange: Bool {
        next == "-" && position + 1 < scalars.count && scalars[position + 1] != "]" && scalars[position + 1] != "["
    }

    /// Reads `{n}`, `{n,}`, `{n,m}` or `{,m}`; nil, and nothing is read, for a brace that is only a character.
    mutating func interval() -> (low: Int, high: Int?)? {
        let start = position
        guard skip("{") else { return nil }
        let low = number()
        let hasComma = skip(",")
        let high = hasComma ? number() : low
        guard skip("}"), low != nil || high != nil else {
            position = start
            return nil
        }
        return (low ?? 0, high)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next, "0"..."9" ~= digit, (value ?? 0) < 1_000_000 {
            value = (value ?? 0) * 10 + Int(digit.value - 0x30)
            position += 1
        }
        return value
    }

    /// The scalar of `count` hexadecimal digits, or of as many as there are.
    mutating func hexScalar(_ count: Int?) throws(Damage) -> Unicode.Scalar {
        var value: UInt32 = 0
        var digits = 0
        while digits < count ?? 8, let next, next.properties.isASCIIHexDigit,
            let digit = Character(next).hexDigitValue
        {
            value = value << 4 | UInt32(digit)
            digits += 1
            position += 1
        }
        guard digits > 0, digits == count ?? digits, let scalar = Unicode.Scalar(value) else {
            throw damage("a hexadecimal escape that is no character")
        }
        return scalar
    }

    /// An error at the place reached.
    func damage(_ reason: String) -> Damage {
        Damage("\(reason), near character \(position)", code: .unsupported)
    }
}

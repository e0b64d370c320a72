extension JSONValue {
    /// What kind of value it is, in words.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .integer(let number): "the number \(number)"
        case .number(let number): "the number \(number)"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The value in an error, cut short.
    package var shown: String {
        switch self {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .integer(let integer): "\(integer)"
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        case .string(let string): String(string.prefix(80)).quoted
        case .array(let items): "a list of \(items.count)"
        case .object(let members): "an object of \(members.count) keys"
        }
    }

    /// The whole number that it is, also where it is written with a fraction of zero.
    package var exactInteger: Int? {
        switch self {
        case .integer(let integer): integer
        case .number(let number): abs(number) < 0x1p53 ? Int(exactly: number) : nil
        default: nil
        }
    }

    /// The number that it is, within the range of doubles.
    package var finiteNumber: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number.isFinite ? number : nil
        default: nil
        }
    }
}

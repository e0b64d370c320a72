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

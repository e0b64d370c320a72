/// What the value of a named field must be: how it is read, and the words of an error. Every reader of named fields, of
/// JSON or of other metadata, takes its kinds from here, and adds where its fields are and how its errors begin.
package struct FieldKind<Value>: Sendable {
    /// As the end of "it must be".
    package let wanted: String
    /// The value; nil for what is of another kind.
    package let read: @Sendable (JSONValue) -> Value?
}

extension FieldKind<String> {
    package static let text = FieldKind(wanted: "a string") { if case .string(let text) = $0 { text } else { nil } }
}

extension FieldKind<Bool> {
    package static let flag = FieldKind(wanted: "true or false") { if case .flag(let flag) = $0 { flag } else { nil } }
}

extension FieldKind where Value: FixedWidthInteger & SendableMetatype {
    package static var integer: FieldKind {
        FieldKind(wanted: "a whole number of \(Value.bitWidth) bits") { $0.exactInteger.flatMap { Value(exactly: $0) } }
    }

    /// A number of a token in a vocabulary, which the reader does not know.
    package static var tokenID: FieldKind { FieldKind(wanted: "a token id", read: integer.read) }
}

extension FieldKind<Int> {
    package static func integer(in range: ClosedRange<Int>) -> FieldKind {
        FieldKind(wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)") { value in
            value.exactInteger.flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension FieldKind<Double> {
    package static let number = FieldKind(wanted: "a number") { $0.finiteNumber }

    package static func number(in range: ClosedRange<Double>) -> FieldKind {
        FieldKind(wanted: "a number from \(range.lowerBound) to \(range.upperBound)") { value in
            value.finiteNumber.flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension FieldKind<[Double]> {
    package static func numbers(in range: ClosedRange<Double>) -> FieldKind {
        let one = FieldKind<Double>.number(in: range)
        return FieldKind(wanted: "an array, each element \(one.wanted)") { FieldKind.elements(of: $0, one) }
    }
}

extension FieldKind<Unicode.Scalar> {
    package static let scalar = FieldKind(wanted: "one character") { value in
        guard case .string(let text) = value, text.unicodeScalars.count == 1 else { return nil }
        return text.unicodeScalars.first
    }
}

extension FieldKind<[JSONValue]> {
    package static let array = FieldKind(wanted: "an array") {
        if case .array(let elements) = $0 { elements } else { nil }
    }
}

extension FieldKind<[String]> {
    package static let texts = FieldKind(wanted: "an array of strings") { FieldKind.elements(of: $0, .text) }
}

extension FieldKind<[Int]> {
    /// One whole number, or an array of them.
    package static func integers(in range: ClosedRange<Int>) -> FieldKind {
        let one = FieldKind<Int>.integer(in: range)
        return FieldKind(wanted: "\(one.wanted), or an array of such") { value in
            one.read(value).map { [$0] } ?? FieldKind.elements(of: value, one)
        }
    }
}

extension FieldKind {
    fileprivate static func elements<Element>(of value: JSONValue, _ kind: FieldKind<Element>) -> [Element]? {
        guard case .array(let values) = value else { return nil }
        let elements = values.compactMap(kind.read)
        return elements.count == values.count ? elements : nil
    }
}

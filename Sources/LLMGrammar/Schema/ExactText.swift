/// A string of a JSON text. It is equal to another where its scalars are the same, as JSON Schema asks; `String` would
/// take canonical equivalents for equal.
package struct ExactText: Hashable, Sendable {
    /// Its UTF-8.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    /// As a string of Swift.
    package var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension ExactText: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(text) }
}

extension ExactText: CustomStringConvertible {
    package var description: String { string }
}

/// Why a JSON schema cannot be kept: what kind of fault, at which JSON pointer, and what can be done.
package struct SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// The text is no JSON.
        case notJSON = "schema_not_json"
        /// A keyword has a value that it must not have.
        case invalid = "schema_invalid"
        /// A keyword, or how it is used, cannot be kept exactly.
        case unsupported = "schema_unsupported"
        /// A limit on size, depth or alternatives is passed.
        case tooComplex = "schema_too_complex"
        /// Not told yet; never seen outside of the compiler.
        case pending = "schema_pending"
        /// No document is valid.
        case unsatisfiable = "schema_unsatisfiable"
    }

    package let code: Code
    /// The JSON pointer of the place, as a URI fragment: `#/properties/a`.
    package let pointer: String
    package let reason: String

    package init(_ code: Code, at pointer: String, _ reason: String) {
        self.code = code
        self.pointer = "#" + pointer
        self.reason = reason
    }

    package var description: String { "the JSON schema at \(pointer): \(reason)" }
}

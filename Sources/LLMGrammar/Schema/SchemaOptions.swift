/// How a schema is read, and how documents may be written.
package struct SchemaOptions: Hashable, Sendable {
    /// What may stand between the parts of a document.
    package enum WhiteSpace: Hashable, Sendable {
        /// One space, or one line break and some indentation.
        case bounded
        /// Nothing.
        case none
        /// What a regular expression matches.
        case pattern(String)
    }

    package var whiteSpace = WhiteSpace.bounded
    /// Whether members may come in any order, not only in the schema's.
    package var takesAnyOrder = false
    /// Whether a schema with `properties` that says nothing of other members has none.
    package var forbidsAdditionalProperties = false
    /// Whether what cannot be kept is left out and told, instead of being an error.
    package var isLenient = false

    package init() {}
}

/// Something that a schema says and documents are not held to.
package struct SchemaNote: Hashable, Sendable, CustomStringConvertible {
    /// The JSON pointer of the place, as a URI fragment.
    package let pointer: String
    package let reason: String

    init(at pointer: String, _ reason: String) {
        self.pointer = "#" + pointer
        self.reason = reason
    }

    package var description: String { "\(pointer): \(reason)" }
}

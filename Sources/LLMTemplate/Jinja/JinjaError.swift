/// A place in a template, both counted from 1; columns count Unicode scalars.
struct SourcePosition: Sendable, Hashable {
    var line: Int32 = 1
    var column: Int32 = 1
}

/// What is wrong with a template, or with what it was asked to do.
struct JinjaError: Error {
    enum Kind {
        /// The text is no template.
        case syntax
        /// An expression has no value.
        case evaluation
        /// The template called `raise_exception`.
        case raised
        /// The template does more than it may.
        case limit
    }

    let kind: Kind
    let message: String
    /// Where; nil until whoever knows the place fills it in.
    var position: SourcePosition?

    init(_ message: String, kind: Kind = .evaluation, at position: SourcePosition? = nil) {
        self.kind = kind
        self.message = message
        self.position = position
    }
}

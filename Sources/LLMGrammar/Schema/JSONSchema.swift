/// A JSON schema, as rules that match the documents it takes: versions 2020-12, 2019-09 and draft 7.
///
/// What cannot be kept exactly is refused, with its place. Documents are written in a narrower way than the schema asks in
/// these points only: members come in the order of the schema (or any, where asked for), no key comes twice, white space
/// is bounded, numbers with bounds have no exponent, whole numbers no point.
package struct JSONSchema: Sendable {
    /// What the schema says and documents are not held to.
    package let notes: [SchemaNote]
    private let rules: SchemaRules
    private let root: Formula

    /// The greatest text of a schema.
    package static let byteLimit = 4 << 20

    /// The schema whose text is `bytes`.
    package init(_ bytes: [UInt8], _ options: SchemaOptions = SchemaOptions()) throws(SchemaError) {
        guard bytes.count <= Self.byteLimit else {
            throw SchemaError(
                .tooComplex, at: "", "it has \(bytes.count) bytes, above the limit of \(Self.byteLimit)")
        }
        let lexemes = try SchemaLexemes(options.whiteSpace)
        let compiler = SchemaCompiler(try SchemaDocument(try SchemaValue(bytes, part: "its text")), options)
        let root = compiler.formula(ofPlace: 0)
        try compiler.check(root)
        self.root = root
        notes = compiler.notes
        rules = SchemaRules(compiler, lexemes)
    }

    /// The rule for a whole document, with nothing before or after it.
    package func rule(in grammar: inout Grammar) -> RuleID { rules.rule(for: root, in: &grammar) }
}

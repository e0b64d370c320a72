/// The terminals of JSON documents, with what may stand before them.
struct SchemaLexemes: Sendable {
    /// What may stand before a value, a key or a closing bracket; nil for nothing.
    private let space: RegexExpression?
    /// The same before a colon and a comma.
    private let spaceBeforeSeparators: RegexExpression?

    /// The most spaces and the most tabs that indent a line.
    private static let indentation = (spaces: 40, tabs: 20)

    init(_ whiteSpace: SchemaOptions.WhiteSpace) throws(SchemaError) {
        switch whiteSpace {
        case .none:
            space = nil
            spaceBeforeSeparators = nil
        case .bounded:
            let indentation = RegexExpression.either([
                .repeated(.text(" "), min: 0, max: Self.indentation.spaces),
                .repeated(.text("\t"), min: 1, max: Self.indentation.tabs),
            ])
            space = .either([.text(" "), .sequence([.text("\n"), indentation])])
            spaceBeforeSeparators = nil
        case .pattern(let text):
            do {
                space = .both([
                    try ECMAPattern.texts(finding: "^(?:\(text))$"),
                    .repeated(.bytes(ByteSet([0x20, 0x0A, 0x0D, 0x09])), min: 1, max: nil),
                ])
            } catch {
                throw SchemaError(.invalid, at: "", "the pattern of white space has \(error.reason)")
            }
            spaceBeforeSeparators = space
        }
    }

    private func lexeme(_ expression: RegexExpression, after space: RegexExpression?, in grammar: inout Grammar)
        -> LexemeID
    {
        let skip = space.map { grammar.lexeme(Lexeme($0), named: "white space") }
        return grammar.lexeme(Lexeme(expression, skip: skip))
    }

    /// A colon or a comma.
    func separator(_ text: String, in grammar: inout Grammar) -> LexemeID {
        lexeme(.text(text), after: spaceBeforeSeparators, in: &grammar)
    }

    /// A value, a key, a bracket or a brace; at the start of the document nothing may stand before it.
    func token(_ expression: RegexExpression, atStart: Bool = false, in grammar: inout Grammar) -> LexemeID {
        lexeme(expression, after: atStart ? nil : space, in: &grammar)
    }

    // MARK: Scalars

    /// The string, in quotes, for any of the texts.
    static func string(_ texts: RegexExpression, _ spelling: JSONSpelling) -> RegexExpression {
        .sequence([.text("\""), .jsonQuoted(texts, spelling), .text("\"")])
    }

    /// The scalars of a node; in one spelling each where they are to be told apart.
    static func scalars(_ node: SchemaNode, isCanonical: Bool) -> RegexExpression {
        var ways: [RegexExpression] = []
        if node.isNullable { ways.append(.text("null")) }
        if node.flags.isFalse { ways.append(.text("false")) }
        if node.flags.isTrue { ways.append(.text("true")) }
        switch node.numbers {
        case .all: ways.append(isCanonical ? NumberLanguage.canonical : NumberLanguage.written)
        case .finite(let numbers): ways += numbers.map { .literal($0.spelling) }
        case .regular(let set):
            ways.append(
                isCanonical
                    ? .both([set, NumberLanguage.canonical])
                    : NumberLanguage.written(set, wholeOnly: NumberLanguage.isWhole(set)))
        }
        switch node.strings {
        case .all: ways.append(string(.anyText, isCanonical ? .canonical : .any))
        case .finite(let texts): ways += texts.map { string(.literal($0.bytes), .canonical) }
        case .regular(let texts): ways.append(string(texts, isCanonical ? .canonical : .any))
        }
        return ways.count == 1 ? ways[0] : .either(ways)
    }
}

import LLMGrammar
import LLMJSON

/// Arguments between tags, in the schema's order: those that are required, and of the others any.
struct TaggedGrammar {
    let format: TaggedArguments
    let root: JSONValue

    mutating func members(in writer: inout DialectGrammar) throws(SchemaError) -> [GrammarSymbol] {
        let schema = ArgumentSchema(root: root)
        var symbols: [GrammarSymbol] = []
        for member in try schema.members(of: root, at: "") {
            let pointer = "/properties/\(member.name)"
            let one = [writer.space()] + (try argument(member, schema, pointer, in: &writer))
            symbols += member.isRequired ? one : [writer.optional(one)]
        }
        return symbols
    }

    private func argument(
        _ member: ArgumentSchema.Member, _ schema: ArgumentSchema, _ pointer: String, in writer: inout DialectGrammar
    ) throws(SchemaError) -> [GrammarSymbol] {
        let padding = format.isPadded ? writer.literal("\n") : []
        if let text = try schema.text(member.schema, at: pointer) {
            let kind = format.textKinds.first.map { writer.rule("kind", [writer.literal($0)]) }
            let open = try writer.pieces(format.open, name: "", key: member.name, kind: kind)
            let free = RegexExpression.both([
                text, .anyText,
                .not(.sequence([DialectGrammar.anyBytes, .text(format.close), DialectGrammar.anyBytes])),
            ])
            var values = [[writer.lexeme(free, .anywhere)]]
            if let marks = format.textMarks {
                let marked = RegexExpression.both([
                    text, .anyText,
                    .not(.sequence([DialectGrammar.anyBytes, .text(marks.close), DialectGrammar.anyBytes])),
                ])
                values.append(
                    writer.literal(marks.open) + [writer.lexeme(marked, .anywhere)] + writer.literal(marks.close))
            }
            return open + padding + [writer.rule("text", values)] + padding + writer.literal(format.close)
        }
        let word = RegexExpression.repeated(.bytes(ByteSet((0...127).filter(\.isLetter))), min: 1, max: 16)
        let kind = writer.lexeme(.both([word] + format.textKinds.map { .not(.text($0)) }))
        let open = try writer.pieces(format.open, name: "", key: member.name, kind: kind)
        let value = try writer.schema(schema.standalone(member.schema))
        return open + padding + [value] + padding + writer.literal(format.close)
    }
}

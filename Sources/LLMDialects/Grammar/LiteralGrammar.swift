import LLMGrammar
import LLMJSON

/// Arguments as literals, in the schema's order: those that are required, and of the others any.
struct LiteralGrammar {
    let format: LiteralArguments
    let root: JSONValue

    private enum Limits {
        static let depth = 16
    }

    /// From after the opening bracket to the closing one.
    mutating func arguments(in writer: inout DialectGrammar) throws(SchemaError) -> [GrammarSymbol] {
        let members = try members(of: root, assignment: format.assignment, "", 0, in: &writer)
        return [writer.space(), members] + writer.literal(format.close)
    }

    /// Members with commas between them: a rule for what may still come, after a member or before any.
    private func members(
        of object: JSONValue, assignment: String, _ pointer: String, _ depth: Int, in writer: inout DialectGrammar
    ) throws(SchemaError) -> GrammarSymbol {
        let schema = ArgumentSchema(root: root)
        let isBare = assignment == format.assignment
        var afterOne = writer.rule("members", [[]])
        var before = writer.rule("members", [[]])
        for member in try schema.members(of: object, at: pointer).reversed() {
            let key = isBare ? member.name : "'\(member.name)'"
            let value = try value(member.schema, "\(pointer)/properties/\(member.name)", depth + 1, in: &writer)
            let spaces = isBare ? [] : [writer.space()]
            let one = writer.literal(key) + spaces + writer.literal(assignment) + spaces + [value, writer.space()]
            let comma = writer.literal(",") + [writer.space()]
            let first = before
            let next = afterOne
            before = writer.rule("members", [one + [next]] + (member.isRequired ? [] : [[first]]))
            afterOne = writer.rule("members", [comma + one + [next]] + (member.isRequired ? [] : [[next]]))
        }
        return before
    }

    private func value(
        _ schema: JSONValue, _ pointer: String, _ depth: Int, in writer: inout DialectGrammar
    ) throws(SchemaError) -> GrammarSymbol {
        guard depth < Limits.depth else {
            throw SchemaError(.tooComplex, at: pointer, "it nests deeper than \(Limits.depth)")
        }
        let known = ArgumentSchema(root: root)
        guard case .object(let keywords) = schema,
            let kinds = ParameterTypes.kinds(ofParameter: schema, root: root)
        else { throw SchemaError(.unsupported, at: pointer, "it has no type; give one") }
        var ways: [[GrammarSymbol]] = []
        if let text = try known.text(schema, at: pointer) { ways += quoted(text, in: &writer) }
        if kinds.contains(.object) {
            let colon = format.quote == nil ? ":" : format.assignment
            let members = try members(of: schema, assignment: colon, pointer, depth, in: &writer)
            ways.append(writer.literal("{") + [writer.space(), members] + writer.literal("}"))
        }
        if kinds.contains(.array) {
            try ArgumentSchema.allow(["type", "items"], in: keywords.map { $0.key }, at: pointer)
            let items = try value(keywords["items"] ?? .null, "\(pointer)/items", depth + 1, in: &writer)
            let comma = writer.rule("comma", [[writer.space()] + writer.literal(",") + [writer.space()]])
            let list = GrammarSymbol.rule(writer.grammar.repeated(items, min: 0, max: nil, separator: comma))
            ways.append(writer.literal("[") + [writer.space(), list, writer.space()] + writer.literal("]"))
        }
        let scalars = kinds.subtracting([.string, .object, .array])
        if !scalars.isEmpty {
            try ArgumentSchema.allow(
                ["type"], in: keywords.map { $0.key }.filter { kinds.count == scalars.count || $0 != "enum" },
                at: pointer)
            ways.append([writer.lexeme(.either(scalars.sorted { $0.rawValue < $1.rawValue }.flatMap(scalar)))])
        }
        return writer.rule("value", ways)
    }

    private func scalar(_ kind: ParameterTypes.Kind) -> [RegexExpression] {
        let digit = RegexExpression.bytes(ByteSet(0x30...0x39))
        let whole = RegexExpression.sequence([
            .optional(.text("-")),
            .either([.text("0"), .sequence([.bytes(ByteSet(0x31...0x39)), .repeated(digit, min: 0, max: 30)])]),
        ])
        switch kind {
        case .integer: return [whole]
        case .number:
            return [.sequence([whole, .optional(.sequence([.text("."), .repeated(digit, min: 1, max: 30)]))])]
        case .boolean: return (format.quote == nil ? ["True", "False"] : ["true", "false"]).map(RegexExpression.text)
        case .null: return [.text(format.quote == nil ? "None" : "null")]
        default: return []
        }
    }

    /// A text with what stands around it. A text of Python is written without escapes but for what needs them, so lengths
    /// cannot be kept there.
    private func quoted(_ text: RegexExpression, in writer: inout DialectGrammar) -> [[GrammarSymbol]] {
        if let quote = format.quote {
            let free = RegexExpression.both([
                text, .not(.sequence([DialectGrammar.anyBytes, .text(quote), DialectGrammar.anyBytes])),
            ])
            return [writer.literal(quote) + [writer.lexeme(free, .anywhere)] + writer.literal(quote)]
        }
        // JSON's spelling of a text, which is Python's too where nothing but quotes, backslashes and line breaks is escaped.
        let spelled = RegexExpression.jsonQuoted(text, .canonical)
        let double = RegexExpression.sequence([.text("\""), spelled, .text("\"")])
        let plain = RegexExpression.bytes(ByteSet((0x20...0xFF).filter { !"'\\\"".utf8.contains($0) }))
        let single = RegexExpression.sequence([
            .text("'"), .both([text, .anyText, .repeated(plain, min: 0, max: nil)]), .text("'"),
        ])
        return [[writer.lexeme(.either([double, single]))]]
    }
}

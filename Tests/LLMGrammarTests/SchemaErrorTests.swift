import LLMGrammar
import Testing

/// What is refused, and where.
@Suite struct SchemaErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let schema: String
        let code: SchemaError.Code
        let pointer: String
        var testDescription: String { schema }
    }

    static let cases = [
        Case(schema: "{", code: .notJSON, pointer: "#"),
        Case(schema: #"{"a": 1, "a": 2}"#, code: .notJSON, pointer: "#"),
        Case(schema: "3", code: .invalid, pointer: "#"),
        Case(schema: #"{"type": "text"}"#, code: .invalid, pointer: "#/type"),
        Case(
            schema: #"{"properties": {"a/b": {"minimum": "1"}}}"#, code: .invalid, pointer: "#/properties/a~1b/minimum"),
        Case(schema: #"{"items": {"pattern": "(a"}}"#, code: .invalid, pointer: "#/items/pattern"),
        Case(schema: #"{"items": {"pattern": "(a)\\1"}}"#, code: .unsupported, pointer: "#/items/pattern"),
        Case(schema: #"{"anyOf": [{"multipleOf": 0}]}"#, code: .invalid, pointer: "#/anyOf/0/multipleOf"),
        Case(schema: #"{"anyOf": []}"#, code: .invalid, pointer: "#/anyOf"),
        Case(
            schema: ##"{"properties": {"a": {"$ref": "#/$defs/none"}}}"##, code: .invalid,
            pointer: "#/properties/a/$ref"),
        Case(schema: #"{"$ref": "http://example.org/other"}"#, code: .unsupported, pointer: "#/$ref"),
        Case(schema: #"{"$schema": "http://example.org/own"}"#, code: .unsupported, pointer: "#/$schema"),
        Case(
            schema: #"{"properties": {"a": {"not": {"uniqueItems": true}}}}"#, code: .unsupported,
            pointer: "#/properties/a/not"),
        Case(schema: #"{"uniqueItems": true}"#, code: .unsupported, pointer: "#"),
        Case(schema: ##"{"$ref": "#"}"##, code: .invalid, pointer: "#"),
        Case(
            schema:
                ##"{"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}"##,
            code: .invalid, pointer: "#/$defs/b/anyOf/0"),
        Case(schema: #"{"type": "string", "enum": [1]}"#, code: .unsatisfiable, pointer: "#"),
        Case(schema: #"{"minLength": 5, "maxLength": 3, "type": "string"}"#, code: .unsatisfiable, pointer: "#"),
        Case(
            schema: #"{"items": {"minLength": 2147483647}}"#, code: .tooComplex, pointer: "#/items/minLength"),
        Case(schema: #"{"items": {"pattern": "(?i)a"}}"#, code: .unsupported, pointer: "#/items/pattern"),
        Case(schema: #"{"pattern": "\\p{Script=Greek}"}"#, code: .unsupported, pointer: "#/pattern"),
        Case(schema: "false", code: .unsatisfiable, pointer: "#"),
        Case(
            schema: #"{"type": "array", "contains": {"const": "x"}, "items": {"type": "integer"}}"#,
            code: .unsatisfiable, pointer: "#"),
        Case(
            schema:
                #"{"type": "object", "properties": {"a": true}, "additionalProperties": false, "minProperties": 2}"#,
            code: .unsatisfiable, pointer: "#"),
    ]

    @Test(arguments: cases) func errorsSayWhere(_ each: Case) {
        let error = #expect(throws: SchemaError.self) { try JSONSchema(Array(each.schema.utf8)) }
        #expect(error?.code == each.code, "\(error.map(String.init(describing:)) ?? "")")
        #expect(error?.pointer == each.pointer, "\(error.map(String.init(describing:)) ?? "")")
    }

    @Test func aLenientReadingSaysWhatItLeavesOut() throws {
        var options = SchemaOptions()
        options.isLenient = true
        let schema = try JSONSchema(
            Array(#"{"type": "string", "pattern": "(a)\\1", "x-note": 1, "format": "own"}"#.utf8), options)
        #expect(schema.notes.map(\.pointer) == ["#/pattern", "#/x-note", "#/format"])
        #expect(try acceptor(#"{"type": "string", "pattern": "(a)\\1"}"#, options).takes("\"b\""))
    }

    /// `count` pieces with commas between.
    private static func list(_ count: Int, _ piece: (Int) -> String) -> String {
        (0..<count).map(piece).joined(separator: ",")
    }

    static let hostile: [String] = {
        let alike = list(60) { n in #"{"properties": {"a\#(n)": {"type": "integer"}, "b\#(n)": {"type": "string"}}}"# }
        let choices = list(30) { n in
            let ways = list(6) { k in #"{"required": ["a\#(n)x\#(k)"]}"# }
            return #"{"anyOf": [\#(ways)]}"#
        }
        let chain = list(5_000) { n in ##""n\##(n)": {"$ref": "#/$defs/n\##(n + 1)"}"## }
        let patterns = list(20) { n in #""[\#(n)-9]x": {"minimum": \#(n)}"# }
        let properties = list(20_000) { n in #""p\#(n)": {"type": "string", "minLength": \#(n)}"# }
        let objects = list(2_000) { n in #"{"a\#(n)": \#(n)}"# }
        return [
            String(repeating: #"{"not":"#, count: 60) + "{}" + String(repeating: "}", count: 60),
            String(repeating: "[", count: 100_000),
            #"{"oneOf": [\#(alike)]}"#,
            #"{"allOf": [\#(choices)]}"#,
            #"{"pattern": "\#(String(repeating: "(x|$)", count: 200))"}"#,
            #"{"pattern": "\#(String(repeating: "(", count: 200))"}"#,
            #"{"pattern": "(((a{1000}){1000}){1000}){1000}"}"#,
            #"{"pattern": "^(a|aa|a*)+$", "minLength": 100000, "not": {"pattern": "(a+)+b"}}"#,
            ##"{"$ref": "#/$defs/n0", "$defs": {\##(chain), "n5000": {}}}"##,
            #"{"patternProperties": {\#(patterns)}, "type": "object"}"#,
            #"{"properties": {\#(properties)}}"#,
            #"{"minLength": 1e300, "multipleOf": 1e-300}"#,
            #"{"minimum": 1e400}"#,
            #"{"minItems": 1e30, "maxItems": 1e30, "type": "array"}"#,
            #"{"not": {"enum": [\#(objects)]}}"#,
        ]
    }()

    /// Each ends quickly, by an error or a grammar.
    @Test(.timeLimit(.minutes(1)), arguments: hostile.indices)
    func hostileSchemasEndQuickly(_ index: Int) {
        do { _ = try JSONSchema(Array(Self.hostile[index].utf8)) } catch { #expect(error.description.count < 1_000) }
    }

    @Test func strictRulesNameWhatBreaksThem() throws {
        let strict =
            #"{"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"], "additionalProperties": false}"#
        #expect(try StrictRules.violations(Array(strict.utf8)).isEmpty)
        let loose =
            #"{"type": "object", "properties": {"a": {"type": "object", "additionalProperties": false}, "b": {"allOf": [{}], "format": "uri"}}, "required": ["a"]}"#
        #expect(try StrictRules.violations(Array(loose.utf8)).map(\.pointer) == ["#", "#/properties/b"])
        #expect(try StrictRules.violations(Array(#"{"anyOf": [{}]}"#.utf8)).map(\.pointer) == ["#", "#"])
    }
}

import LLMGrammar
import Testing

/// What each keyword takes and refuses.
@Suite struct SchemaKeywordTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let schema: String
        let valid: [String]
        let invalid: [String]
        var testDescription: String { schema }
    }

    static let scalars = [
        Case(
            schema: #"{}"#, valid: ["1", "\"a\"", "[]", "{}", "null", "1e5", #"{"a": [1, {"b": null}]}"#],
            invalid: ["", "01", "+1", "[1,]", "{,}", "nul"]),
        Case(schema: #"{"type": "integer"}"#, valid: ["0", "-7", "123"], invalid: ["1.5", "\"1\"", "true"]),
        Case(schema: #"{"type": ["string", "null"]}"#, valid: ["null", "\"\""], invalid: ["1", "[]"]),
        Case(
            schema: #"{"enum": ["a", 1, null, [1], {"x": true}]}"#,
            valid: ["\"a\"", "1", "null", "[1]", #"{"x": true}"#],
            invalid: ["\"b\"", "2", "[]", "[1, 1]", #"{"x": false}"#, "{}"]),
        Case(schema: #"{"const": "é\n"}"#, valid: [#""é\n""#], invalid: [#""e""#]),
        Case(
            schema: #"{"minimum": -2.5, "maximum": 13}"#, valid: ["-2.5", "-2.49", "0", "13", "13.0", "\"x\""],
            invalid: ["-2.51", "-3", "13.01", "14", "100"]),
        Case(
            schema: #"{"exclusiveMinimum": 0.5, "exclusiveMaximum": 100}"#, valid: ["0.51", "1", "99.9"],
            invalid: ["0.5", "0.50", "0", "100", "-1"]),
        Case(schema: #"{"multipleOf": 0.25}"#, valid: ["0", "0.25", "-1.5", "7"], invalid: ["0.3", "1.1"]),
        Case(
            schema: #"{"type": "integer", "multipleOf": 7, "minimum": 10}"#, valid: ["14", "70"], invalid: ["7", "15"]),
        Case(
            schema: #"{"minLength": 2, "maxLength": 3}"#, valid: [#""ab""#, #""éüö""#, #""\ud83d\ude00a""#, "5"],
            invalid: [#""a""#, #""abcd""#, #""\ud83d\ude00""#]),
        Case(schema: #"{"pattern": "b+c"}"#, valid: [#""abcd""#, #""bbc""#], invalid: [#""bd""#]),
        Case(
            schema: #"{"pattern": "^(?!no)[a-z]+$"}"#, valid: [#""yes""#, #""on""#], invalid: [#""nope""#, #""Yes""#]),
        Case(
            schema: #"{"type": "string"}"#, valid: [#""\u00e9""#, #""\/""#],
            invalid: [#""\x""#, #""\ud800""#, "\"\u{1}\"", "\"a"]),
    ]

    static let formats = [
        Case(
            schema: #"{"format": "date"}"#, valid: [#""2024-02-29""#, #""1999-12-31""#],
            invalid: [#""2023-02-29""#, #""1900-02-29""#, #""2020-04-31""#]),
        Case(
            schema: #"{"format": "time"}"#,
            valid: [#""12:00:00Z""#, #""23:59:60Z""#, #""01:29:60+01:30""#, #""15:59:60-08:00""#],
            invalid: [#""12:00""#, #""22:59:60Z""#, #""23:59:60+01:00""#, #""24:00:00Z""#]),
        Case(
            schema: #"{"format": "date-time"}"#, valid: [#""2020-02-29T01:02:03.5+02:00""#],
            invalid: [#""2021-02-29T01:02:03Z""#, #""2020-01-01 00:00:00Z""#]),
        Case(
            schema: #"{"format": "hostname"}"#, valid: [#""a.example""#],
            invalid: [#""-a""#, #""a-.b""#, #""xn--x""#, "\"\(String(repeating: "a", count: 64))\""]),
        Case(
            schema: #"{"format": "ipv6"}"#, valid: [#""::""#, #""1::8""#, #""::ffff:1.2.3.4""#],
            invalid: [#""1::2::3""#, #""12345::""#, #""::1%eth0""#]),
        Case(
            schema: #"{"format": "uri"}"#, valid: [#""https://u@h.example:1/p?q#f""#, #""urn:a:b""#],
            invalid: [#""/p""#, #""a b""#]),
        Case(
            schema: #"{"format": "duration"}"#, valid: [#""P1Y2M""#, #""PT3M4S""#, #""P4W""#],
            invalid: [#""P""#, #""P1YT""#, #""P1Y2W""#]),
        Case(
            schema: #"{"not": {"format": "uuid"}}"#, valid: [#""x""#, #""2eb8aa08""#],
            invalid: [#""2eb8aa08-aa98-11ea-b4aa-73b441d16380""#, "1"]),
    ]

    static let objects = [
        Case(
            schema: #"{"properties": {"a": {"type": "integer"}, "b": true}, "required": ["b"], "type": "object"}"#,
            valid: [#"{"b": 1}"#, #"{"a": 1, "b": "x"}"#, #"{"b": 1, "c": 2}"#],
            invalid: [#"{"a": 1}"#, #"{"a": "x", "b": 1}"#, #"{"b": 1, "b": 2}"#, #"{"b": 1, "c": 1, "c": 2}"#]),
        Case(
            schema: #"{"properties": {"a": {}}, "additionalProperties": {"type": "null"}, "type": "object"}"#,
            valid: ["{}", #"{"a": 1, "x": null}"#], invalid: [#"{"x": 1}"#]),
        Case(
            schema:
                #"{"type": "object", "patternProperties": {"^x": {"type": "integer"}, "y$": {"minimum": 5}}, "additionalProperties": false}"#,
            valid: [#"{"x": 1}"#, #"{"xy": 6}"#, #"{"ay": "s"}"#],
            invalid: [#"{"xy": 4}"#, #"{"xy": "s"}"#, #"{"a": 1}"#]),
        Case(
            schema: #"{"type": "object", "propertyNames": {"maxLength": 2}, "minProperties": 1, "maxProperties": 2}"#,
            valid: [#"{"a": 1}"#, #"{"a": 1, "bb": 2}"#], invalid: ["{}", #"{"abc": 1}"#, #"{"a": 1, "b": 2, "c": 3}"#]),
        Case(
            schema: #"{"type": "object", "propertyNames": {"enum": ["a", "b"]}, "minProperties": 2}"#,
            valid: [#"{"a": 1, "b": 2}"#], invalid: [#"{"a": 1}"#, #"{"a": 1, "c": 2}"#]),
        Case(
            schema:
                #"{"type": "object", "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"maxProperties": 1}}}"#,
            valid: ["{}", #"{"c": 1}"#, #"{"b": 1}"#], invalid: [#"{"a": 1}"#, #"{"c": 1, "d": 2}"#]),
        Case(
            schema: #"{"type": "object", "not": {"required": ["a"]}}"#, valid: ["{}", #"{"b": 1}"#],
            invalid: [#"{"a": 1}"#]),
        Case(
            schema: #"{"type": "object", "not": {"additionalProperties": {"type": "integer"}}}"#,
            valid: [#"{"a": "x"}"#, #"{"a": 1, "b": "x"}"#], invalid: ["{}", #"{"a": 1}"#]),
        Case(
            schema: #"{"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}"#,
            valid: [#"{"a": 1}"#, #"{"b": 1}"#], invalid: ["{}", #"{"a": 1, "b": 1}"#]),
        Case(
            schema:
                #"{"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"type": "object"}}"#,
            valid: [#"{"a": 1, "b": 2}"#, #"{"a": 2}"#, "{}"], invalid: [#"{"a": 1}"#]),
        Case(
            schema:
                #"{"type": "object", "allOf": [{"properties": {"a": true}}, {"properties": {"b": true}}], "unevaluatedProperties": false}"#,
            valid: [#"{"a": 1, "b": 2}"#], invalid: [#"{"c": 1}"#]),
        Case(
            schema:
                #"{"type": "object", "anyOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"required": ["b"], "properties": {"b": true}}], "unevaluatedProperties": false}"#,
            valid: [#"{"a": 1}"#, #"{"b": 1}"#], invalid: [#"{"a": "x", "b": 1}"#, "{}"]),
    ]

    static let arrays = [
        Case(
            schema: #"{"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "string"}}"#,
            valid: ["[]", "[1]", #"[1, "a"]"#], invalid: [#"["a"]"#, "[1, 2]"]),
        Case(
            schema: #"{"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}"#,
            valid: ["[1, 2]", "[1, 2, 3]"], invalid: ["[1]", "[1, 2, 3, 4]"]),
        Case(
            schema: #"{"type": "array", "contains": {"type": "string"}, "minContains": 1, "maxContains": 2}"#,
            valid: [#"["a"]"#, #"[1, "a", "b", null]"#], invalid: ["[]", "[1]", #"["a", "b", "c"]"#]),
        Case(
            schema: #"{"type": "array", "items": {"type": "integer"}, "uniqueItems": true}"#, valid: ["[1, 2, 12]"],
            invalid: ["[1, 2, 1]", "[0, -0]"]),
        Case(
            schema: #"{"type": "array", "not": {"items": {"type": "integer"}}}"#, valid: [#"["a"]"#, #"[1, "a"]"#],
            invalid: ["[]", "[1]"]),
        Case(
            schema: #"{"type": "array", "contains": {"const": 1}, "unevaluatedItems": {"type": "string"}}"#,
            valid: [#"[1, "a"]"#, "[1, 1]"], invalid: [#"["a"]"#, "[1, 2]"]),
    ]

    static let references = [
        Case(
            schema:
                ##"{"$ref": "#/$defs/list", "$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}}"##,
            valid: ["[]", "[[], [[]]]"], invalid: ["[1]", "{}"]),
        Case(
            schema:
                ##"{"$defs": {"t": {"type": "object", "properties": {"n": {"$ref": "#/$defs/t"}}, "additionalProperties": false}}, "not": {"$ref": "#/$defs/t"}}"##,
            valid: ["1", #"{"x": 1}"#, #"{"n": {"n": {"x": 1}}}"#], invalid: ["{}", #"{"n": {"n": {}}}"#]),
        Case(
            schema:
                ##"{"$id": "http://example.org/root", "$defs": {"a": {"$anchor": "here", "type": "integer"}}, "properties": {"p": {"$ref": "root#here"}}, "type": "object"}"##,
            valid: [#"{"p": 1}"#], invalid: [#"{"p": "x"}"#]),
        Case(
            schema:
                ##"{"$defs": {"t": {"$dynamicAnchor": "t", "type": "integer"}}, "items": {"$dynamicRef": "#t"}, "type": "array"}"##,
            valid: ["[1]"], invalid: ["[null]"]),
        Case(
            schema:
                ##"{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a", "type": "string", "definitions": {"a": {"items": [{"type": "integer"}], "additionalItems": false, "type": "array"}}}"##,
            valid: ["[1]", "[]"], invalid: ["\"x\"", "[1, 2]"]),
    ]

    @Test(arguments: scalars + formats + objects + arrays + references)
    func documentsAreTakenWhereTheyAreValid(_ each: Case) throws {
        let acceptor = try acceptor(each.schema)
        for document in each.valid { #expect(try acceptor.takes(document), "\(document)") }
        for document in each.invalid { #expect(try !acceptor.takes(document), "\(document)") }
    }

    @Test func membersComeInTheOrderOfTheSchemaUnlessAnyIsAskedFor() throws {
        let schema =
            #"{"type": "object", "properties": {"a": true, "b": true}, "required": ["b"], "additionalProperties": false}"#
        var options = SchemaOptions()
        #expect(try !acceptor(schema, options).takes(#"{"b": 1, "a": 2}"#))
        options.takesAnyOrder = true
        let any = try acceptor(schema, options)
        #expect(try any.takes(#"{"b": 1, "a": 2}"#))
        #expect(try any.takes(#"{"a": 1, "b": 2}"#))
        #expect(try !any.takes(#"{"a": 1}"#))
        #expect(try !any.takes(#"{"b": 1, "b": 2}"#))
    }

    @Test func whiteSpaceIsBounded() throws {
        let schema = #"{"type": "array", "items": {"type": "integer"}}"#
        var options = SchemaOptions()
        let bounded = try acceptor(schema, options)
        #expect(try bounded.takes("[1, 2]"))
        #expect(try bounded.takes("[\n  1,\n  2\n]"))
        #expect(try !bounded.takes("[1,  2]"))
        #expect(try !bounded.takes("[\n\n1]"))
        #expect(try !bounded.takes(" [1]"))
        #expect(try !bounded.takes("[1] "))
        options.whiteSpace = .none
        #expect(try acceptor(schema, options).takes("[1,2]"))
        #expect(try !acceptor(schema, options).takes("[1, 2]"))
        options.whiteSpace = .pattern("[ ]{0,3}")
        #expect(try acceptor(schema, options).takes("[1   ,   2]"))
        #expect(try !acceptor(schema, options).takes("[1,    2]"))
    }

    @Test func lengthsThatNoOutputReachesAreNoBound() throws {
        let acceptor = try acceptor(#"{"type": "string", "maxLength": 2147483647}"#)
        #expect(try acceptor.takes(#""abc""#))
    }

    @Test func whatAHostNameCannotGoOnWithIsFoundAtOnce() throws {
        let acceptor = try acceptor(#"{"format": "hostname"}"#)
        let long = String(repeating: "abcdefghi.", count: 25)
        #expect(try acceptor.takes("\"\(long)abc\""))
        #expect(try !acceptor.takes("\"\(long)abcd\""))
        #expect(try acceptor.takes(#""a-b.example""#))
        #expect(try !acceptor.takes(#""ab--c.example""#))
    }

    @Test func additionalPropertiesCanBeForbiddenThroughout() throws {
        var options = SchemaOptions()
        options.forbidsAdditionalProperties = true
        let acceptor = try acceptor(#"{"type": "object", "properties": {"a": true}}"#, options)
        #expect(try acceptor.takes(#"{"a": 1}"#))
        #expect(try !acceptor.takes(#"{"b": 1}"#))
    }
}

func acceptor(_ schema: String, _ options: SchemaOptions = SchemaOptions()) throws -> TextMatcher {
    var grammar = Grammar()
    grammar.start = try JSONSchema(Array(schema.utf8), options).rule(in: &grammar)
    return try TextMatcher(grammar)
}

extension TextMatcher {
    func takes(_ document: String) throws -> Bool { try accepts(Array(document.utf8)).isComplete }
}

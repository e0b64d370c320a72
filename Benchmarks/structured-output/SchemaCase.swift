internal import LLMGrammar
internal import LLMJSON

/// A schema and documents of which it is known whether they are valid.
struct SchemaCase {
    struct Test {
        let description: String
        let text: [UInt8]
        let isValid: Bool
    }

    var description = ""
    var schema: [UInt8] = []
    var tests: [Test] = []

    /// Reads one object with the members `schema`, `tests` and `description`; others are passed over.
    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let name = try reader.nextName() {
            switch name {
            case "schema": schema = try Instance.text(&reader)
            case "description": description = try reader.text()
            case "tests":
                try reader.beginArray()
                while try reader.nextElement() { tests.append(try Self.test(&reader)) }
            default: try reader.skipValue()
            }
        }
    }

    /// Has the schema say of which version it is, where it does not.
    mutating func setDialect(_ name: String) {
        let text = String(decoding: schema, as: UTF8.self)
        guard text.hasPrefix("{"), !text.contains("\"$schema\"") else { return }
        schema = Array(("{\"$schema\": \"\(name)\"" + (text == "{}" ? "" : ", ") + text.dropFirst()).utf8)
    }

    private static func test(_ reader: inout JSONReader) throws(JSONError) -> Test {
        var description = ""
        var text: [UInt8] = []
        var isValid = false
        try reader.beginObject()
        while let name = try reader.nextName() {
            switch name {
            case "description": description = try reader.text()
            case "data": text = try Instance.text(&reader)
            case "valid":
                if case .word(.flag(let flag)) = try reader.kind() { isValid = flag }
                try reader.skipValue()
            default: try reader.skipValue()
            }
        }
        return Test(description: description, text: text, isValid: isValid)
    }
}

/// What became of a case.
struct Outcome {
    /// Why the schema is refused, where it is, and what kind of fault that is.
    var refusal: String?
    var code = ""
    /// Why following the grammar ended early, where it did.
    var failure: String?
    var passed: [SchemaCase.Test] = []
    /// Valid, but not matched, and how far they were.
    var refused: [(test: SchemaCase.Test, reached: Int)] = []
    /// Not valid, but matched.
    var accepted: [SchemaCase.Test] = []
    var compileSeconds = 0.0
    var checkSeconds = 0.0

    init(_ schemaCase: SchemaCase, _ options: SchemaOptions) {
        let clock = ContinuousClock()
        let start = clock.now
        let matcher: TextMatcher
        do {
            var grammar = Grammar()
            grammar.start = try JSONSchema(schemaCase.schema, options).rule(in: &grammar)
            matcher = try TextMatcher(grammar)
        } catch {
            refusal = "\(error)"
            code = (error as? SchemaError)?.code.rawValue ?? (error as? GrammarError).map { "\($0.code)" } ?? "unknown"
            compileSeconds = (clock.now - start) / .seconds(1)
            // Where no document is valid, that is the right answer for those that are not.
            if (error as? SchemaError)?.code == .unsatisfiable { passed = schemaCase.tests.filter { !$0.isValid } }
            return
        }
        let middle = clock.now
        compileSeconds = (middle - start) / .seconds(1)
        for test in schemaCase.tests {
            do {
                let (isComplete, reached) = try matcher.accepts(test.text)
                if isComplete == test.isValid {
                    passed.append(test)
                } else if isComplete {
                    accepted.append(test)
                } else {
                    refused.append((test, reached))
                }
            } catch {
                failure = "\(error)"
                if test.isValid { refused.append((test, 0)) } else { passed.append(test) }
            }
        }
        checkSeconds = (clock.now - middle) / .seconds(1)
    }
}

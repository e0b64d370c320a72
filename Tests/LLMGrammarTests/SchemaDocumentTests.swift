import Foundation
import LLMGrammar
import LLMJSON
import LLMTestSupport
import Testing

/// Random documents of random schemas, which Python's `jsonschema` has judged; `Benchmarks/structured-output/random_schemas.py`
/// makes the fixture.
@Suite struct SchemaDocumentTests {
    @Test func documentsAreJudgedAsByAnotherValidator() throws {
        let bytes = try Data(contentsOf: Paths.fixtures.appending(path: "schema/random-schemas.json"))
        guard case .array(let cases) = try JSONValue(Array(bytes)) else { throw CocoaError(.fileReadCorruptFile) }
        #expect(cases.count > 100)
        for case .object(let members) in cases {
            guard let schema = members["schema"], case .array(let valid)? = members["valid"],
                case .array(let invalid)? = members["invalid"]
            else { throw CocoaError(.fileReadCorruptFile) }
            var writer = JSONWriter()
            writer.value(schema)
            let text = String(decoding: writer.bytes, as: UTF8.self)
            let acceptor = try acceptor(text)
            for case .string(let document) in valid { #expect(try acceptor.takes(document), "\(text): \(document)") }
            for case .string(let document) in invalid { #expect(try !acceptor.takes(document), "\(text): \(document)") }
        }
    }

    @Test func theSameSeedGivesTheSameDocuments() throws {
        var grammar = Grammar()
        let schema =
            #"{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}, "required": ["a"]}"#
        grammar.start = try JSONSchema(Array(schema.utf8)).rule(in: &grammar)
        var first = GrammarSampler(grammar, seed: 3)
        var second = GrammarSampler(grammar, seed: 3)
        let acceptor = try TextMatcher(grammar)
        for _ in 0..<50 {
            let document = try #require(try first.next())
            #expect(try second.next() == document)
            #expect(try acceptor.accepts(document).isComplete)
        }
    }
}

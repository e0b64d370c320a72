import Foundation
import LLMDialects
import LLMGrammar
import LLMJSON
import LLMTemplate
import Testing

/// The templates of a folder, such as llama.cpp's `models/templates`: `LLMGEN_TEMPLATES=folder`.
@Suite struct TemplateFolderTests {
    private static let folder = ProcessInfo.processInfo.environment["LLMGEN_TEMPLATES"]

    @Test(.enabled(if: folder != nil)) func `Each template's dialect reads the calls that it writes, however cut`()
        throws
    {
        let folder = try #require(Self.folder)
        var counts = (read: 0, silent: 0, none: 0, answers: 0, cuts: 0, taken: 0)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".jinja")
        {
            let template = try ChatTemplate(String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
            let choice = DialectChoice(template: template, hasToken: { _ in false })
            if choice.dialect.calls == nil {
                print("\(name): no calls; \(choice.reason)")
                counts.none += 1
                continue
            }
            let renderings = Conversations.renderings(template, choice.dialect)
            if renderings.isEmpty { counts.silent += 1 } else { counts.read += 1 }
            var faults: [String] = []
            for rendering in renderings {
                counts.answers += 1
                let (fault, cuts) = Conversations.fault(of: rendering, choice.dialect)
                counts.cuts += cuts
                if try Conversations.isTaken(rendering, choice.dialect) { counts.taken += 1 }
                if let fault { faults.append(fault) }
            }
            print(
                "\(name): \(choice.dialect.name), thinks in \(choice.dialect.reasoning?.open.debugDescription ?? "nothing"), "
                    + "\(renderings.count) answers, \(faults.count) faults; \(choice.reason)")
            for fault in faults { print("    \(fault)") }
            #expect(faults.isEmpty, "\(name)")
        }
        print(
            """
            \(counts.read) templates whose calls are read back, \(counts.silent) that write none but have a dialect's marks, \
            \(counts.none) without calls; \(counts.answers) answers, \(counts.cuts) ways to cut them; grammars take \(counts.taken) of the answers
            """)
    }
}

/// Calls with arguments of each type, as a template writes them.
enum Conversations {
    static let schemas: [(String, JSONValue)] = [
        (
            "get_weather",
            json(
                #"""
                {"type": "object", "properties": {"city": {"type": "string", "description": "c"}, "days": {"type": "integer",
                "description": "d"}, "ratio": {"type": "number", "description": "r"}, "flags": {"type": "array", "items":
                {"type": "boolean"}, "description": "f"}, "exact": {"type": "boolean", "description": "e"}}, "required": ["city"]}
                """#)
        ),
        (
            "write_note",
            json(
                #"""
                {"type": "object", "properties": {"text": {"type": "string", "description": "t"}, "options": {"type":
                "object", "properties": {"size": {"type": "integer", "description": "s"}}, "description": "o"}},
                "required": ["text"]}
                """#)
        ),
        ("list_all", json(#"{"type": "object", "properties": {}}"#)),
    ]

    static let tools = schemas.map { ToolDeclaration($0, schema: $1) }

    private static let calls: [TemplateProbe.Call] = [
        call("get_weather", #"{"city": "Paris", "days": 3, "ratio": 2.5, "flags": [true, false], "exact": true}"#),
        call("write_note", #"{"text": "Grüße, 日本: it is <b>1 & 2</b>\nend", "options": {"size": 12}}"#),
        call("list_all", "{}"),
        call("get_weather", #"{"city": "12", "days": -1}"#),
    ]

    /// One call, several and many, beside what is said and thought or alone, as far as the template writes them.
    static func renderings(_ template: ChatTemplate, _ dialect: ToolDialect) -> [TemplateProbe.Rendering] {
        guard let format = dialect.calls else { return [] }
        let probe = TemplateProbe(template, ids: format.ids, schemas: schemas)
        let groups = calls.map { [$0] } + [Array(calls[0...1]), calls]
        var renderings: [TemplateProbe.Rendering] = []
        for group in groups {
            for (saying, thought) in [
                (nil, nil), ("secondprobe", nil), (nil, "thirdprobe"), ("secondprobe", "thirdprobe"),
            ] {
                guard let rendering = probe.rendering(group, saying: saying, thought: thought) else { continue }
                // Calls without marks are none after what is said.
                if format.place == .start, rendering.answer.contains("probe") { continue }
                // A template may leave the reasoning open that its prompts begin, and all after it is reasoning.
                if let reasoning = dialect.reasoning, rendering.prompt.hasSuffix(reasoning.open + "\n"),
                    !rendering.answer.contains(reasoning.close), saying != nil
                {
                    continue
                }
                renderings.append(rendering)
            }
        }
        return renderings
    }

    /// Whether the dialect's grammar takes an answer up to the end of its calls.
    static func isTaken(_ rendering: TemplateProbe.Rendering, _ dialect: ToolDialect) throws -> Bool {
        var grammar = Grammar()
        let demand = CallDemand(isRequired: false, promptTail: rendering.prompt)
        grammar.start = try dialect.rule(for: DialectGrammarTests.tools, demand, in: &grammar)
        let text = DialectGrammarTests.calls(in: rendering.answer, dialect, prompt: rendering.prompt)
        let result = try TextMatcher(grammar).accepts(Array(text.utf8))
        if !result.isComplete { print("    not taken from byte \(result.reached): \(text.debugDescription)") }
        return result.isComplete
    }

    /// What is wrong with how a dialect reads an answer, and how many ways to cut it were tried.
    static func fault(of rendering: TemplateProbe.Rendering, _ dialect: ToolDialect) -> (String?, Int) {
        let text = Array(rendering.answer.utf8)
        func events(_ ends: [Int]) -> [DialectEvent] {
            Splits.events(text, ends, dialect, tools: tools, promptTail: rendering.prompt)
        }
        let whole = events([])
        let summary = Splits.summary(whole)
        let written = rendering.answer.debugDescription
        guard rendering.isParsed(by: dialect, tools: tools) else { return ("\(written) is read as \(summary)", 0) }
        guard Splits.source(whole) == text else { return ("\(written) is not rebuilt from \(summary)", 0) }
        for cut in 0...text.count where Splits.summary(events([cut])) != summary {
            return ("\(written) cut at \(cut) is \(Splits.summary(events([cut]))), whole \(summary)", cut)
        }
        guard Splits.summary(events(Array(0..<text.count))) == summary else {
            return (
                "\(written) byte by byte is \(Splits.summary(events(Array(0..<text.count)))), whole \(summary)",
                text.count
            )
        }
        return (nil, text.count + 2)
    }

    private static func call(_ name: String, _ arguments: String) -> TemplateProbe.Call {
        TemplateProbe.Call(name: name, arguments: json(arguments))
    }

    static func json(_ text: String) -> JSONValue { (try? JSONValue(Array(text.utf8))) ?? .null }
}

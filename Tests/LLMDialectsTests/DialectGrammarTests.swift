import LLMDialects
import LLMGrammar
import LLMJSON
import LLMTemplate
import Testing

/// What a dialect's grammar takes: its own texts, and nothing but calls of the tools with arguments that they take.
@Suite struct DialectGrammarTests {
    static let tools = Conversations.schemas.map { GrammarTool($0, schema: $1) }

    private func acceptor(
        _ dialect: ToolDialect, isRequired: Bool, isParallel: Bool = true, prompt: String = "",
        tools: [GrammarTool] = tools
    ) throws -> TextMatcher {
        var grammar = Grammar()
        let demand = CallDemand(isRequired: isRequired, isParallel: isParallel, promptTail: prompt)
        grammar.start = try dialect.rule(for: tools, demand, in: &grammar)
        return try TextMatcher(grammar)
    }

    private static let two = #"[get_weather(city='Rome', days=2), list_all()]"#

    /// One call and two calls of `list_all` and `get_weather` in some dialects.
    static let texts: [(dialect: String, one: String, two: String, wrong: String)] = [
        (
            "hermes", "<tool_call>\n{\"name\": \"list_all\", \"arguments\": {}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\", \"days\": 2}}\n</tool_call>\n"
                + "<tool_call>\n{\"name\": \"list_all\", \"arguments\": {}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": 2}}\n</tool_call>"
        ),
        (
            "qwen3-coder", "<tool_call>\n<function=list_all>\n</function>\n</tool_call>",
            "<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
                + "</function>\n</tool_call>\n<tool_call>\n<function=list_all>\n</function>\n</tool_call>",
            "<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n<parameter=days>\ntwo\n</parameter>\n"
                + "</function>\n</tool_call>"
        ),
        ("pythonic", "[list_all()]", two, "[get_weather(city=2)]"),
        (
            "mistral-v11", "[TOOL_CALLS]list_all[ARGS]{}",
            "[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Rome\"}[TOOL_CALLS]list_all[ARGS]{}",
            "[TOOL_CALLS]list_some[ARGS]{}"
        ),
        (
            "harmony", "<|channel|>commentary to=functions.list_all <|constrain|>json<|message|>{}<|call|>",
            "<|channel|>commentary to=functions.list_all<|message|>{}<|call|><|start|>assistant to=functions.get_weather"
                + "<|channel|>commentary json<|message|>{\"city\": \"Rome\"}<|call|>",
            "<|channel|>commentary to=functions.get_weather<|message|>{}<|call|>"
        ),
        (
            "gemma-4", "<|tool_call>call:list_all{}<tool_call|>",
            "<|tool_call>call:get_weather{city:<|\"|>Rome<|\"|>,days:2}<tool_call|><|tool_call>call:list_all{}<tool_call|>",
            "<|tool_call>call:get_weather{days:2}<tool_call|>"
        ),
    ]

    @Test(arguments: texts) func `Calls are required, allowed, or no more than one`(
        given: (dialect: String, one: String, two: String, wrong: String)
    ) throws {
        let dialect = try #require(ToolDialect.named(given.dialect))
        func takes(_ text: String, isRequired: Bool, isParallel: Bool = true) throws -> Bool {
            try acceptor(dialect, isRequired: isRequired, isParallel: isParallel).accepts(Array(text.utf8)).isComplete
        }
        for isRequired in [true, false] {
            #expect(try takes(given.one, isRequired: isRequired))
            #expect(try takes(given.one, isRequired: isRequired, isParallel: false))
            #expect(try takes(given.two, isRequired: isRequired))
            #expect(try !takes(given.two, isRequired: isRequired, isParallel: false))
            #expect(try !takes(given.wrong, isRequired: isRequired))
            #expect(try !takes(String(given.one.dropLast(3)), isRequired: isRequired))
        }
        let saying = given.dialect == "harmony" ? "<|channel|>final<|message|>No." : "No."
        #expect(try takes(saying, isRequired: false))
        #expect(try !takes(saying, isRequired: true))
    }

    @Test(arguments: texts) func `Only calls of the tools that are given are taken`(
        given: (dialect: String, one: String, two: String, wrong: String)
    ) throws {
        let dialect = try #require(ToolDialect.named(given.dialect))
        let named = try acceptor(dialect, isRequired: true, tools: [Self.tools[2]])
        #expect(try named.accepts(Array(given.one.utf8)).isComplete)
        #expect(try !named.accepts(Array(given.two.utf8)).isComplete)
    }

    @Test func `Reasoning goes before calls, and the prompt may have opened it`() throws {
        let dialect = try #require(ToolDialect.named("hermes"))
        let call = Self.texts[0].one
        for isRequired in [true, false] {
            let closed = try acceptor(dialect, isRequired: isRequired)
            #expect(try closed.accepts(Array("<think>\nHm.\n</think>\n\n\(call)".utf8)).isComplete)
            let open = try acceptor(dialect, isRequired: isRequired, prompt: "<think>\n")
            #expect(try open.accepts(Array("Hm.\n</think>\n\n\(call)".utf8)).isComplete)
            #expect(try !open.accepts(Array(call.utf8)).isComplete)
        }
    }

    @Test func `What a schema says and a dialect cannot keep is refused with its place`() throws {
        let schema = Conversations.json(
            #"{"type": "object", "properties": {"a": {"type": "string", "pattern": "^x"}}}"#)
        for name in ["qwen3-coder", "pythonic"] {
            let dialect = try #require(ToolDialect.named(name))
            #expect(throws: SchemaError.self) {
                _ = try acceptor(dialect, isRequired: true, tools: [GrammarTool("f", schema: schema)])
            }
        }
    }

    /// The text up to the end of the last call and of its section.
    static func calls(in text: String, _ dialect: ToolDialect, prompt: String) -> String {
        let events = Splits.events(Array(text.utf8), [], dialect, tools: Conversations.tools, promptTail: prompt)
        guard let last = events.lastIndex(where: { if case .callEnded = $0.kind { true } else { false } }) else {
            return text
        }
        var rest = events[(last + 1)...]
        var source = Splits.source(Array(events[...last]))
        if let close = rest.popFirst(), case .marker = close.kind { source += close.source }
        return String(decoding: source, as: UTF8.self)
    }

    @Test(arguments: DialectChoiceTests.cases.filter { $0.dialect != "none" })
    func `What a template writes is taken`(given: DialectChoiceTests.Case) throws {
        let template = try DialectChoiceTests.template(given.calls)
        let dialect = DialectChoice(template: template, hasToken: { _ in false }).dialect
        for rendering in Conversations.renderings(template, dialect) {
            let text = Self.calls(in: rendering.answer, dialect, prompt: rendering.prompt)
            let result = try acceptor(dialect, isRequired: false, prompt: rendering.prompt).accepts(Array(text.utf8))
            #expect(result.isComplete, "\(text.debugDescription) up to \(result.reached)")
        }
    }
}

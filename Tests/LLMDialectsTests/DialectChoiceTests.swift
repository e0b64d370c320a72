import LLMDialects
import LLMJSON
import LLMTemplate
import Testing

/// Which dialect is chosen for a template, with templates in the manner of known ones.
@Suite struct DialectChoiceTests {
    /// A template whose assistant's turns are `calls`, after what is said; the prompt ends with `<a>`.
    static func template(_ calls: String) throws -> ChatTemplate {
        try ChatTemplate(
            """
            {% for m in messages %}{% if m.role == 'user' %}<u>{{ m.content }}</u>{% else %}<a>{{ m.content }}\
            {% if m.tool_calls %}\(calls){% endif %}</a>{% endif %}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}
            """)
    }

    private static let each = "{% for c in m.tool_calls %}"
    private static let json = "{{ c.function.arguments | tojson }}"

    struct Case: Sendable {
        var dialect: String
        var calls: String
    }

    static let cases = [
        Case(
            dialect: "hermes",
            calls: each
                + "\n<tool_call>\n{\"name\": \"{{ c.function.name }}\", \"arguments\": \(json)}\n</tool_call>{% endfor %}"
        ),
        Case(
            dialect: "mistral-v11", calls: each + "[TOOL_CALLS]{{ c.function.name }}[ARGS]\(json){% endfor %}"),
        Case(
            dialect: "llama-3",
            calls:
                "{\"name\": \"{{ m.tool_calls[0].function.name }}\", \"parameters\": {{ m.tool_calls[0].function.arguments | tojson }}}"
        ),
        Case(
            dialect: "derived", calls: each + "<call to=\"{{ c.function.name }}\">\(json)</call>{% endfor %}"),
        Case(
            dialect: "derived",
            calls: "<calls>\n\(each)<do>{{ c.id }}<as>{{ c.function.name }}<with>\(json)</do>\n{% endfor %}</calls>"),
        Case(
            dialect: "derived",
            calls: "<calls>[\(each){\"tool\": \"{{ c.function.name }}\", \"input\": \(json)}"
                + "{% if not loop.last %}, {% endif %}{% endfor %}]</calls>"),
        Case(
            dialect: "derived",
            calls: each
                + "<run what={{ c.function.name }}>\n{% for k, v in c.function.arguments|items %}<p n={{ k }}>\n"
                + "{{ v if v is string else v | tojson }}\n</p>\n{% endfor %}</run>{% endfor %}"),
        Case(dialect: "none", calls: "(calls tools)"),
        Case(
            dialect: "none", calls: each + "{{ c.function.name }}{{ c.function.arguments.values() | list }}{% endfor %}"
        ),
    ]

    @Test(arguments: cases) func `A template's calls choose the dialect`(given: Case) throws {
        let template = try Self.template(given.calls)
        let choice = DialectChoice(template: template, hasToken: { _ in false })
        #expect(choice.dialect.name == given.dialect)
        guard choice.dialect.calls != nil else { return }
        let renderings = Conversations.renderings(template, choice.dialect)
        #expect(!renderings.isEmpty)
        for rendering in renderings { #expect(Conversations.fault(of: rendering, choice.dialect).0 == nil) }
    }

    @Test func `Marks of the vocabulary choose for a template that writes no calls`() throws {
        let template = try Self.template("")
        let marks = ["<|tool_call_start|>", "<|tool_call_end|>", "<think>", "</think>"]
        let choice = DialectChoice(template: template, hasToken: marks.contains)
        #expect(choice.dialect.name == "lfm2")
        #expect(choice.dialect.reasoning == .think)
    }

    @Test func `Without a template there are no calls`() {
        let choice = DialectChoice(template: nil, hasToken: { _ in false })
        #expect(choice.dialect.calls == nil)
        #expect(choice.reason.contains("no chat template"))
    }

    // MARK: response_template

    private func described(_ json: String) throws -> ToolDialect {
        try ToolDialect(responseTemplate: Conversations.json(json))
    }

    @Test func `A response_template of JSON calls is read`() throws {
        let dialect = try described(
            #"""
            {"version": 1, "start_anchor": "<a>", "fields": {"thinking": {"open": "<think>", "close": "</think>"},
            "content": {}, "tool_calls": {"open": "<call>", "close": "</call>", "repeats": true, "content": "json",
            "transform": {"type": "function", "function": {"name": "{content.tool}", "arguments": "{content.input}"}}}}}
            """#)
        let answer = ParsedAnswer("<think>T</think>C<call>{\"tool\": \"f\", \"input\": {\"a\": 1}}</call>", dialect)
        #expect(answer.reasoning == "T")
        #expect(answer.content == "C")
        #expect(answer.calls.map(\.arguments) == [#"{"a": 1}"#])
    }

    @Test func `A response_template of tags is read`() throws {
        let dialect = try described(
            #"""
            {"fields": {"content": {}, "tool_calls": {"open_pattern": "<call>\\s*<function=(?P<name>[^>]+)>",
            "close_pattern": "</function>\\s*</call>", "content": "xml-inline", "content_args": {"tag_pattern":
            "<p=(?P<key>\\w+)>\\n(?P<value>.*?)\\n</p>"}}}}
            """#)
        let text = "<call>\n<function=get_weather>\n<p=city>\nRome\n</p>\n<p=days>\n2\n</p>\n</function>\n</call>"
        let answer = ParsedAnswer(text, dialect, tools: Conversations.tools)
        #expect(answer.calls.map(\.name) == ["get_weather"])
        #expect(answer.calls.map(\.arguments) == [#"{"city":"Rome","days":2}"#])
    }

    @Test func `A response_template of marked texts is read`() throws {
        let dialect = try described(
            #"""
            {"fields": {"tool_calls": {"open_pattern": "<\\|call>(?P<name>\\w+)", "close": "<call\\u007c>", "content": "json",
            "content_args": {"unquoted_keys": true, "string_delims": [["<|\"|>", "<|\"|>"]]}}}}
            """#)
        let answer = ParsedAnswer("<|call>f{a:<|\"|>x<|\"|>,b:1}<call|>", dialect)
        #expect(answer.calls.map(\.arguments) == [#"{"a":"x","b":1}"#])
    }

    @Test(arguments: [
        (#"{"version": 2, "fields": {}}"#, "its version is 2"), (#"[]"#, "no object"),
        (#"{"fields": {"tool_calls": {"open_pattern": "<a|b>", "content": "json"}}}"#, "has |"),
        (#"{"fields": {"tool_calls": {"open": "<a>", "content": "kv-lines"}}}"#, "'kv-lines'"),
        (#"{"fields": {"image": {"open": "<a>"}}}"#, "'image'"),
    ])
    func `What a response_template says beyond dialects is refused`(json: String, reason: String) {
        do throws(ResponseTemplateError) {
            _ = try ToolDialect(responseTemplate: Conversations.json(json))
            Issue.record("it is taken")
        } catch {
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test func `A response_template goes before the template, and where it is refused, the choice says why`() throws {
        let template = try Self.template(Self.cases[0].calls)
        let good = Conversations.json(
            #"{"fields": {"tool_calls": {"open": "<x>", "content": "json", "close": "</x>"}}}"#)
        #expect(
            DialectChoice(template: template, responseTemplate: good, hasToken: { _ in false }).dialect.name
                == "response_template")
        let choice = DialectChoice(template: template, responseTemplate: .array([]), hasToken: { _ in false })
        #expect(choice.dialect.name == "hermes")
        #expect(choice.reason.contains("response_template is not used: it is no object"))
    }
}

import LLMGen
import LLMTestSupport
import Testing

/// Calls and reasoning of the bundled model, which calls nothing by itself: the grammar has it do so.
@Suite struct DialogueTests {
    static let template = """
        {% for m in messages %}{{ m.role }}: {{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>\
        {{ {'name': c.function.name, 'arguments': c.function.arguments} | tojson }}</tool_call>{% endfor %}
        {% endfor %}{% if add_generation_prompt %}assistant: {% endif %}
        """

    static func dialogue(_ dialect: String? = nil) async throws -> Dialogue {
        try await Dialogue(Fairytale.load(), template: try ChatTemplate(template), dialect: dialect)
    }

    static func tools() throws -> [Tool] {
        [
            try Tool(
                "weather",
                parameters: """
                    {"type": "object", "properties": {"city": {"enum": ["Bern", "Rome"]}, "days": {"type": "boolean"}},
                     "required": ["city", "days"], "additionalProperties": false}
                    """),
            try Tool("now", parameters: #"{"type": "object", "additionalProperties": false}"#),
        ]
    }

    static func answer(
        _ dialogue: Dialogue, _ conversation: Conversation, _ choice: ToolChoice, isParallel: Bool = true,
        reasoningTokens: Int? = nil, seed: Int64
    ) async throws -> (answer: Answer, parts: [AnswerPart]) {
        let text = try dialogue.text(of: conversation.input)
        let plan = try dialogue.plan(
            for: text, tools: tools(), choice: choice, isParallel: isParallel,
            reasoningTokens: reasoningTokens, earlierCalls: conversation.callCount)
        let engine = try Engine(model: dialogue.model)
        let request = try plan.prepare(.text(text), try SamplingParameters(seed: seed, maxTokens: 300), on: engine)
        var reader = plan.reader(of: request)
        var parts: [AnswerPart] = []
        for try await piece in engine.submit([request])[0] { parts += reader.append(piece) }
        return (reader.answer, parts)
    }

    @Test func `The dialect is the one that the template writes, or the one that is named`() async throws {
        #expect(try await Self.dialogue().choice.dialect.name == "hermes")
        #expect(try await Self.dialogue("llama-3").choice.dialect.name == "llama-3")
        await #expect(throws: LLMGenError.self) { _ = try await Self.dialogue("no such") }
    }

    /// Without a bound on it the bundled model may think until the limit.
    @Test(
        arguments: [
            ("hermes", 8), ("qwen3-coder", 8), ("mistral", 8), ("deepseek-v3.1", 8), ("llama-3", nil),
            ("pythonic", nil), ("harmony", nil),
        ] as [(String, Int?)])
    func `Forced calls name a tool, and the parts of an answer are the answer`(
        dialect: String, reasoningTokens: Int?
    ) async throws {
        let dialogue = try await Self.dialogue(dialect)
        var conversation = Conversation()
        conversation.append(role: "user", content: "Weather?")
        for seed in Int64(0)..<3 {
            let (answer, parts) = try await Self.answer(
                dialogue, conversation, .required, isParallel: false, reasoningTokens: reasoningTokens, seed: seed)
            let call = try #require(answer.calls.first)
            #expect(answer.calls.count == 1 && ["weather", "now"].contains(call.name))
            #expect(call.end == .complete, "\(call)")
            var arguments = ""
            for part in parts { if case .arguments(let text, call: 0) = part { arguments += text } }
            #expect(arguments == call.arguments)
            if call.name == "weather" { #expect(arguments.contains("Bern") || arguments.contains("Rome")) }
        }
    }

    @Test func `A named tool is called once, and each turn has ids of its own`() async throws {
        let dialogue = try await Self.dialogue()
        var conversation = Conversation()
        conversation.append(role: "user", content: "Weather?")
        var ids: Set<String> = []
        for _ in 0..<2 {
            let (answer, _) = try await Self.answer(dialogue, conversation, .named("now"), seed: 1)
            #expect(answer.calls.map(\.name) == ["now"])
            ids.insert(answer.calls[0].id)
            conversation.append(answer)
            conversation.append(result: "noon", of: answer.calls[0])
        }
        #expect(ids.count == 2 && conversation.callCount == 2)
        #expect(try dialogue.text(of: conversation.input).contains("tool: noon"))
    }

    @Test func `Tools of an unknown dialect and choices of unknown tools are refused`() async throws {
        let plain = try await Dialogue(Fairytale.load(), template: try ChatTemplate("{{ messages[0].content }}"))
        #expect { try plain.plan(for: "", tools: Self.tools()) } throws: { ($0 as? LLMGenError)?.field == "tools" }
        #expect(try plain.plan(for: "", tools: Self.tools(), choice: .none).isPlain)
        let dialogue = try await Self.dialogue()
        for choice in [ToolChoice.named("no"), .allowed(["no"], isRequired: false), .allowed([], isRequired: true)] {
            #expect { try dialogue.plan(for: "", tools: Self.tools(), choice: choice) } throws: {
                ($0 as? LLMGenError)?.field == "tool_choice"
            }
        }
    }
}

import LLMDialects
import LLMTestSupport
import Testing

/// What a parser does with texts that are no calls, not whole, or just coming.
@Suite struct DialectParserTests {
    private let hermes = ToolDialect.named("hermes")!

    private func answer(_ text: String, _ name: String, prompt: String = "") throws -> ParsedAnswer {
        ParsedAnswer(text, try #require(ToolDialect.named(name)), tools: Conversations.tools, promptTail: prompt)
    }

    @Test(arguments: [
        "<tool_call>\nno JSON</tool_call>", "<tool_call>{\"name\" \"f\"}", "<tool_call>{\"arguments\": {}}</tool_call>",
        "<tool_call>\n{\"na",
    ])
    func `What cannot be read as a call is content that says so`(text: String) throws {
        let answer = try answer("Well. " + text, "hermes")
        #expect(answer.calls.isEmpty)
        #expect(answer.hasUnparsed)
        #expect(answer.content.hasPrefix("Well. <tool_call>"))
    }

    @Test func `A call after one that cannot be read is read`() throws {
        let answer = try answer(
            "<tool_call>{]</tool_call><tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>", "hermes")
        #expect(answer.calls.map(\.name) == ["f"])
        #expect(answer.hasUnparsed)
    }

    @Test(arguments: [
        ("hermes", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"Par", #"{"a": "Par"#),
        ("qwen3-coder", "<tool_call>\n<function=get_weather>\n<parameter=city>\nPar", #"{"city":"Par"#),
        ("pythonic", "[get_weather(city='Par", #"{"city":"Par"#),
        ("mistral-v11", "[TOOL_CALLS]f[ARGS]{\"a\": [1, 2", #"{"a": [1, 2"#),
        ("harmony", "<|channel|>commentary to=functions.f<|message|>{\"a", #"{"a"#),
    ])
    func `A call that the text ends within keeps what was written`(name: String, text: String, arguments: String) throws
    {
        let answer = try answer(text, name)
        #expect(answer.calls.map(\.end) == [.cut])
        #expect(answer.calls.map(\.arguments) == [arguments])
    }

    @Test(arguments: [
        ("hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {a: 1}}</tool_call> So.", "{a: 1}}", " So."),
        ("mistral-v11", "[TOOL_CALLS]f[ARGS]{1}[TOOL_CALLS]g[ARGS]{}", "{1}", ""),
        ("lfm2", "<|tool_call_start|>[f(a=b+c)]<|tool_call_end|>", #"{"a":b+c)]<|tool_call_end|>"#, ""),
    ])
    func `Arguments that are not what they must be are given as written`(
        name: String, text: String, arguments: String, content: String
    ) throws {
        let answer = try answer(text, name)
        #expect(answer.calls.first?.end == .malformed)
        #expect(answer.calls.first?.arguments == arguments)
        #expect(answer.content == content)
    }

    @Test func `Only what may become a mark is kept back`() {
        var parser = DialectParser(hermes)
        #expect(ParsedAnswer(parser.append(Array("Hello <b> <too".utf8))).content == "Hello <b> ")
        #expect(ParsedAnswer(parser.append(Array("thbrush> x".utf8))).content == "<toothbrush> x")
        #expect(ParsedAnswer(parser.append(Array("\n".utf8))).content == "")
        #expect(ParsedAnswer(parser.finish()).content == "\n")
    }

    @Test func `The arguments of a call come as they are written`() {
        var parser = DialectParser(hermes)
        let begun = parser.append(Array("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\"".utf8))
        #expect(Splits.summary(begun).map { $0.prefix(9) } == ["call 0 f ", "arguments"])
        let next = parser.append(Array(": \"x".utf8))
        #expect(next.map(\.kind) == [.arguments(Array(": \"x".utf8))])
    }

    @Test(arguments: [
        ("<|im_start|>assistant\n<think>\n", "Hm.\n</think>\n\nYes.", "Hm.", "Yes."),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", "Yes.", "", "Yes."),
        ("<|im_start|>assistant\n", "<think>\nHm.", "Hm.", ""),
        ("<|im_start|>assistant\n", "Write <think> first.", "", "Write <think> first."),
    ])
    func `Reasoning begins where the prompt or the model opens it`(
        prompt: String, text: String, reasoning: String, content: String
    ) throws {
        let answer = try answer(text, "hermes", prompt: prompt)
        #expect(answer.reasoning == reasoning)
        #expect(answer.content == content)
    }

    @Test(arguments: [0, 1, 2, 3]) func `Tokens of reasoning are counted, those of its marks not`(marks: Int) {
        var parser = DialectParser(hermes)
        let openings = [["<think>"], ["<th", "ink>"], ["<think>", "\n"], ["<", "think", ">"]]
        for token in openings[marks] + ["One", " two", " three.", "\n", "</think>", "\n\n", "Yes."] {
            _ = parser.append(Array(token.utf8))
        }
        _ = parser.finish()
        #expect(parser.reasoningTokens == 3)
    }

    @Test func `A special token that is no mark is no content`() {
        var parser = DialectParser(hermes)
        var events = parser.append(Array("Yes".utf8)) + parser.append(Array("<|im_end|>".utf8), isSpecial: true)
        events += parser.append(Array("<tool_call>".utf8), isSpecial: true)
        events += parser.append(Array("{\"name\": \"f\"}</tool_call>".utf8)) + parser.finish()
        let answer = ParsedAnswer(events)
        #expect(answer.content == "Yes")
        #expect(answer.calls.map(\.name) == ["f"])
    }

    @Test(.timeLimit(.minutes(1)), arguments: ToolDialect.known.map(\.name))
    func `Long texts of openings take no more than linear time`(name: String) throws {
        let dialect = try #require(ToolDialect.named(name))
        for mark in dialect.literals + ["{", "\n", "<", "[", "{\"a\": \""] {
            let text = Array(repeatElement(mark, count: 200_000 / max(mark.utf8.count, 1)).joined().utf8)
            var parser = DialectParser(dialect, tools: Conversations.tools)
            var events: [DialectEvent] = []
            for start in stride(from: 0, to: text.count, by: 16) {
                events += parser.append(Array(text[start..<min(start + 16, text.count)]))
            }
            events += parser.finish()
            #expect(Splits.source(events) == text)
        }
    }

    @Test func `Ids are of the dialect's form, and the same for the same answer`() {
        for form in [CallIDForm.usual, .alphanumeric(9), .numberedName] {
            let ids = (0..<100).map { form.id(name: "f", index: $0, earlier: 2, seed: 7) }
            #expect(Set(ids).count == 100)
            #expect(ids == (0..<100).map { form.id(name: "f", index: $0, earlier: 2, seed: 7) })
        }
        #expect(CallIDForm.alphanumeric(9).id(name: "f", index: 0, earlier: 0, seed: 1).utf8.count == 9)
        #expect(CallIDForm.numberedName.id(name: "f", index: 1, earlier: 2, seed: 1) == "functions.f:3")
    }
}

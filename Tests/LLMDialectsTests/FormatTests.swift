import LLMDialects
import Testing

/// A text in each format, and what it says.
@Suite struct FormatTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var dialect: String
        var text: String
        var content = ""
        var reasoning = ""
        /// Name, arguments, and the id that the model wrote.
        var calls: [(String, String, String?)] = []
        var prompt = ""
        var testDescription: String { "\(dialect): \(text)" }
    }

    static let cases: [Case] = [
        Case(
            dialect: "hermes",
            text: "Let me see.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"x y\"}}\n</tool_call>",
            content: "Let me see.", calls: [("f", #"{"a": "x y"}"#, nil)]),
        Case(
            dialect: "hermes",
            text: "<think>\nWhy?\n</think>\n\n<tool_call>{\"arguments\": {}, \"name\": \"f\"}</tool_call>\n"
                + "<tool_call>\n{\"name\": \"g\"}\n</tool_call>",
            reasoning: "Why?", calls: [("f", "{}", nil), ("g", "{}", nil)]),
        Case(
            dialect: "hermes", text: "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>",
            calls: [("f", #"{"a": 1}"#, nil)]),
        Case(
            dialect: "qwen3-coder",
            text: "<tool_call>\n<function=get_weather>\n<parameter=city>\n<b>\n</parameter> is a tag\n</parameter>\n"
                + "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
            calls: [("get_weather", #"{"city":"<b>\n</parameter> is a tag","days":3}"#, nil)]),
        Case(
            dialect: "glm-4.5",
            text: "Now.<tool_call>get_weather<arg_key>city</arg_key><arg_value>12</arg_value></tool_call>",
            content: "Now.", calls: [("get_weather", #"{"city":"12"}"#, nil)]),
        Case(
            dialect: "llama-3", text: "{\"name\": \"get_weather\", \"parameters\": {\"days\": 1}}",
            calls: [("get_weather", #"{"days": 1}"#, nil)]),
        Case(
            dialect: "llama-3",
            text: "<|python_tag|>{\"type\": \"function\", \"name\": \"list_all\", \"parameters\": {}}; "
                + "{\"name\": \"list_all\", \"parameters\": {}}",
            calls: [("list_all", "{}", nil), ("list_all", "{}", nil)]),
        Case(dialect: "llama-3", text: "{\"answer\": 42}", content: "{\"answer\": 42}"),
        Case(dialect: "llama-3", text: "{\"name\": \"unknown\"}", content: "{\"name\": \"unknown\"}"),
        Case(
            dialect: "pythonic", text: "[get_weather(city='it\\'s', days=-2, flags=[True, None]), list_all()]",
            calls: [("get_weather", #"{"city":"it's","days":-2,"flags":[true,null]}"#, nil), ("list_all", "{}", nil)]),
        Case(dialect: "pythonic", text: "[a link](to=1)", content: "[a link](to=1)"),
        Case(
            dialect: "lfm2", text: "So.<|tool_call_start|>[f(a={'b': (1, 2.5)}, c=\"é\")]<|tool_call_end|>",
            content: "So.", calls: [("f", #"{"a":{"b":[1,2.5]},"c":"é"}"#, nil)]),
        Case(
            dialect: "mistral",
            text: "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"a\": [1]}}, {\"name\": \"g\", "
                + "\"arguments\": {}}]", calls: [("f", #"{"a": [1]}"#, nil), ("g", "{}", nil)]),
        Case(
            dialect: "mistral-v11",
            text: "[THINK]Hm.[/THINK]Yes.[TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[CALL_ID]abcdefgh1[ARGS]{}",
            content: "Yes.", reasoning: "Hm.", calls: [("f", #"{"a": 1}"#, nil), ("g", "{}", "abcdefgh1")]),
        Case(
            dialect: "deepseek-v3",
            text:
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"a\": 1}\n```<｜tool▁call▁end｜>\n"
                + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            calls: [("f", #"{"a": 1}"#, nil), ("g", "{}", nil)]),
        Case(
            dialect: "deepseek-v3.1",
            text:
                "Two</think>Ok.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            content: "Ok.", reasoning: "Two", calls: [("f", "{}", nil)], prompt: "<｜Assistant｜><think>"),
        Case(
            dialect: "deepseek-v3.2",
            text:
                "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"a\" string=\"true\">1</｜DSML｜parameter>\n"
                + "<｜DSML｜parameter name=\"b\" string=\"false\">[1]</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
            calls: [("f", #"{"a":"1","b":[1]}"#, nil)]),
        Case(
            dialect: "kimi-k2",
            text: "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:3<|tool_call_argument_begin|>{\"a\": 1}"
                + "<|tool_call_end|><|tool_calls_section_end|>", calls: [("f", #"{"a": 1}"#, "functions.f:3")]),
        Case(
            dialect: "kimi-k3",
            text:
                "<|open|>response<|sep|>Hi.<|close|>response<|sep|><|open|>tools<|sep|><|open|>call tool=\"f\" index=\"1\"<|sep|>"
                + "<|open|>argument key=\"a\" type=\"string\"<|sep|>x<|close|>argument<|sep|>"
                + "<|open|>argument key=\"b\" type=\"number\"<|sep|>2<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>",
            content: "Hi.", calls: [("f", #"{"a":"x","b":2}"#, nil)]),
        Case(
            dialect: "harmony",
            text: "<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>commentary to=functions.f "
                + "<|constrain|>json<|message|>{\"a\": 1}<|call|>",
            reasoning: "Think.", calls: [("f", #"{"a": 1}"#, nil)], prompt: "<|start|>assistant"),
        Case(
            dialect: "harmony",
            text:
                " to=functions.f<|channel|>commentary json<|message|>{}<|call|><|start|>assistant<|channel|>final<|message|>Done.<|return|>",
            content: "Done.", calls: [("f", "{}", nil)], prompt: "<|start|>assistant"),
        Case(
            dialect: "granite", text: "<think>A</think><response>B</response>", content: "B", reasoning: "A"),
        Case(
            dialect: "granite", text: "<|tool_call|>[{\"name\": \"f\", \"arguments\": {}}]", calls: [("f", "{}", nil)]),
        Case(
            dialect: "granite-3.1", text: "<tool_call>[{\"name\": \"f\", \"arguments\": {\"a\": null}}]",
            calls: [("f", #"{"a": null}"#, nil)]),
        Case(
            dialect: "phi-4-mini", text: "<|tool_call|>[{\"name\": \"f\", \"parameters\": {}}]<|/tool_call|>",
            calls: [("f", "{}", nil)]),
        Case(dialect: "functools", text: "functools[{\"name\": \"f\", \"arguments\": {}}]", calls: [("f", "{}", nil)]),
        Case(dialect: "nemotron", text: "<TOOLCALL>[]</TOOLCALL>"),
        Case(
            dialect: "apertus", text: "<|tools_prefix|>[{\"f\": {\"a\": 1}}, {\"g\": {}}]<|tools_suffix|>",
            calls: [("f", #"{"a": 1}"#, nil), ("g", "{}", nil)]),
        Case(
            dialect: "minimax-m1",
            text:
                "<tool_calls>\n{\"name\": \"f\", \"arguments\": {}}\n{\"name\": \"g\", \"arguments\": {}}\n</tool_calls>",
            calls: [("f", "{}", nil), ("g", "{}", nil)]),
        Case(
            dialect: "functionary-v3.1", text: "I do.<function=f>{\"a\": 1}</function><function=g>{}</function>",
            content: "I do.", calls: [("f", #"{"a": 1}"#, nil), ("g", "{}", nil)]),
        Case(
            dialect: "functionary-v3.2", text: "all\nHello.>>>f\n{\"a\": 1}>>>g\n{}", content: "Hello.",
            calls: [("f", #"{"a": 1}"#, nil), ("g", "{}", nil)], prompt: "assistant<|end_header_id|>\n\n>>>"),
        Case(
            dialect: "function-gemma",
            text: "<start_function_call>call:f{a:<escape>x, \"y\"<escape>,b:[1,true]}<end_function_call>",
            calls: [("f", #"{"a":"x, \"y\"","b":[1,true]}"#, nil)]),
        Case(
            dialect: "gemma-4",
            text: "<|channel>thought\nWell.\n<channel|><|tool_call>call:f{a:{b:<|\"|>x<|\"|>},c:3}<tool_call|>",
            reasoning: "Well.", calls: [("f", #"{"a":{"b":"x"},"c":3}"#, nil)]),
        Case(
            dialect: "minimax-m2",
            text: "<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">Rome</parameter>\n"
                + "<parameter name=\"days\">2</parameter>\n</invoke>\n</minimax:tool_call>",
            calls: [("get_weather", #"{"city":"Rome","days":2}"#, nil)]),
        Case(
            dialect: "cohere",
            text:
                "<|START_THINKING|>Plan.<|END_THINKING|><|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"f\", "
                + "\"parameters\": {\"a\": 1}}\n]<|END_ACTION|>",
            reasoning: "Plan.", calls: [("f", #"{"a": 1}"#, "0")]),
        Case(
            dialect: "command-r-plus",
            text: "Action:\n```json\n[\n  {\n    \"tool_name\": \"f\",\n    \"parameters\": {}\n  }\n]```",
            calls: [("f", "{}", nil)]),
        Case(
            dialect: "seed-oss",
            text:
                "<seed:think>T</seed:think><seed:tool_call>\n<function=get_weather>\n<parameter=flags>[True, False]</parameter>\n"
                + "</function>\n</seed:tool_call>",
            reasoning: "T", calls: [("get_weather", #"{"flags":[true,false]}"#, nil)]),
        Case(
            dialect: "minicpm-5",
            text:
                "<function name=\"f\"><param name=\"a\"><![CDATA[1 < 2</param>]]></param><param name=\"b\">[True]</param></function>",
            calls: [("f", #"{"a":"1 < 2</param>","b":[true]}"#, nil)]),
        Case(
            dialect: "apriel", text: "<tool_calls>[{\"name\": \"f\", \"arguments\": {}}]</tool_calls>",
            calls: [("f", "{}", nil)]),
        Case(
            dialect: "deepseek-v4",
            text: "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"f\">\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>",
            calls: [("f", "{}", nil)]),
    ]

    @Test(arguments: cases) func `A text is told apart, however it is cut`(given: Case) throws {
        let dialect = try #require(ToolDialect.named(given.dialect))
        let text = Array(given.text.utf8)
        func events(_ ends: [Int]) -> [DialectEvent] {
            Splits.events(text, ends, dialect, tools: Conversations.tools, promptTail: given.prompt)
        }
        let whole = events([])
        let answer = ParsedAnswer(whole)
        #expect(answer.content == given.content)
        #expect(answer.reasoning == given.reasoning)
        #expect(answer.calls.map(\.name) == given.calls.map(\.0))
        #expect(answer.calls.map(\.arguments) == given.calls.map(\.1))
        #expect(answer.calls.map(\.id) == given.calls.map(\.2))
        #expect(answer.calls.allSatisfy { $0.end == .complete })
        #expect(Splits.source(whole) == text)
        #expect(Splits.summary(events(Array(0..<text.count))) == Splits.summary(whole))
        for cut in 0...text.count { #expect(Splits.summary(events([cut])) == Splits.summary(whole), "cut at \(cut)") }
    }

    @Test func `Every dialect has a text here`() {
        #expect(Set(ToolDialect.known.map(\.name)) == Set(Self.cases.map(\.dialect)))
    }
}

import Foundation
import LLMTestSupport
import LLMTemplate
import Testing

@Suite struct ChatTemplateTests {
    private static let plain = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}"

    private func input(_ content: TemplateValue, continues: Bool = true) -> ChatTemplateInput {
        ChatTemplateInput(
            messages: [["role": "user", "content": "Hi"], ["role": "assistant", "content": content]],
            addsGenerationPrompt: false, continuesFinalMessage: continues)
    }

    @Test func `Messages, tools, documents, tokens and other variables reach the template`() throws {
        let template = try ChatTemplate(
            """
            {{ bos_token }}{{ messages[0].content }}{{ tools[0].name }}{{ documents[0].text }}{{ enable_thinking }}\
            {{ add_generation_prompt }}{{ eos_token }}{{ unk_token is defined }}{{ strftime_now('%Y-%m-%d') }}
            """)
        let input = ChatTemplateInput(
            messages: [["role": "user", "content": "Hi"]], tools: [["name": "t"]], documents: [["text": "d"]],
            specialTokens: ["bos_token": "<s>", "eos_token": "</s>"],
            extraVariables: ["enable_thinking": false, "eos_token": "<e>"])
        #expect(
            try template.render(input, clock: ChatTemplateFixtures.clock) == "<s>HitdFalseTrue<e>False2026-01-02")
    }

    @Test func `A message may have a run of combining marks of any length, a name may not`() throws {
        let marks = String(repeating: "\u{301}\u{323}", count: 100_000)
        let messages = try TemplateValue(json: Array(#"[{"role": "user", "content": "a\#(marks)"}]"#.utf8))
        let template = try ChatTemplate(
            """
            {% for m in messages %}{{ m.content|trim }}{% if m.content == 'a' or 'b' in m.content %}no{% endif %}\
            {{ m.content|length }}{{ m.content.split('a')|length }}{{ {m.content: 1}[m.content] }}\
            {{ m.content|upper|length }}{{ (m.content|tojson)|length }}{{ m.content.startswith('a') }}{% endfor %}
            """)
        guard case .array(let list) = messages else { throw TemplateError(.malformedConversation, "no list") }
        let text = try template.render(ChatTemplateInput(messages: list))
        #expect(text.utf8.elementsEqual("a\(marks)20000121200001200003True".utf8), "\(text.suffix(40))")
        let error = #expect(throws: TemplateError.self) {
            try TemplateValue(json: Array(#"{"a\#(marks)": 1}"#.utf8))
        }
        #expect(error?.message.contains("more than 30 combining marks") == true)
    }

    @Test func `No tools and no documents are none`() throws {
        let template = try ChatTemplate("{{ tools }}{{ documents }}")
        #expect(try template.render(ChatTemplateInput(messages: [])) == "NoneNone")
    }

    @Test func `A final message that is continued ends the text`() throws {
        let template = try ChatTemplate(Self.plain)
        #expect(try template.render(input("It is", continues: false)) == "<user>Hi</><assistant>It is</>")
        #expect(try template.render(input("It is")) == "<user>Hi</><assistant>It is")
        #expect(try template.render(input("It is ")) == "<user>Hi</><assistant>It is ")
        let parts: TemplateValue = [["type": "text", "text": "It"], ["type": "image"]]
        let ofParts = try ChatTemplate(
            Self.plain.replacing("m.content", with: "m.content if m.content is string else m.content[0].text"))
        #expect(try ofParts.render(input(parts)) == "<user>Hi</><assistant>It")
    }

    @Test func `Where the template trims the message, the continued text is trimmed`() throws {
        let template = try ChatTemplate(Self.plain.replacing("m.content", with: "m.content|trim"))
        #expect(try template.render(input("It is \n")) == "<user>Hi</><assistant>It is")
    }

    @Test func `A message that cannot be continued is an error`() throws {
        let template = try ChatTemplate("{{ messages[0].content }}")
        for (input, message) in [
            (input("x"), "leaves out the final message"), (input(nil), "no content to continue"),
            (
                ChatTemplateInput(messages: [], addsGenerationPrompt: false, continuesFinalMessage: true),
                "no message to continue"
            ),
            (ChatTemplateInput(messages: [], continuesFinalMessage: true), "a generation prompt begins a new message"),
        ] {
            let error = #expect(throws: TemplateError.self) { try template.render(input) }
            #expect(error?.code == .malformedConversation && error?.message.contains(message) == true)
        }
    }

    @Test func `A conversation may be JSON, each of whose members reaches the template`() throws {
        let template = try ChatTemplate(
            "{{ bos_token }}{{ messages[0].content }}{{ add_generation_prompt }}{{ x.y }}{{ tools }}")
        let json = #"{"messages": [{"role": "user", "content": "é\n"}], "x": {"y": 1.50}, "bos_token": "<b>"}"#
        #expect(try template.render(json: Array(json.utf8)) == "<b>é\nTrue1.5None")
        #expect(throws: TemplateError.self) { try template.render(json: Array("[1]".utf8)) }
        #expect(throws: TemplateError.self) { try template.render(json: Array("{".utf8)) }
    }

    @Test func `Long strings of marks are compared and used as keys in linear time`() throws {
        let marks = String(repeating: "\u{301}\u{323}", count: 100_000)
        let template = "{{ {a: 1}[b] }}{{ a == b }}{{ a|length }}{{ a in b }}"
        #expect(try render(template, ["a": .string(marks), "b": .string(marks)]) == "1True200000True")
    }
}

@Suite struct ChatTemplateSetTests {
    private func set(_ files: [String: String]) throws -> ChatTemplateSet {
        try Paths.withTemporaryFolder { folder in
            for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
            return try ChatTemplateSet(folder: folder)
        }
    }

    @Test func `A folder without a template has none`() throws {
        #expect(try set([:]).template() == nil)
        #expect(try set(["tokenizer_config.json": #"{"chat_template": null}"#]).template() == nil)
    }

    @Test func `A template comes from its own file before the configuration`() throws {
        let configuration =
            #"{"chat_template": "c", "bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null}"#
        let only = try set(["tokenizer_config.json": configuration])
        #expect(try only.template()?.text == "c")
        #expect(only.specialTokens["bos_token"]?.text == "<s>")
        #expect(only.specialTokens["eos_token"]?.text == "</s>")
        #expect(only.specialTokens["pad_token"] == nil)
        let json = try set(["tokenizer_config.json": configuration, "chat_template.json": #"{"chat_template": "j"}"#])
        #expect(try json.template()?.text == "j")
        let file = try set([
            "tokenizer_config.json": configuration, "chat_template.json": "{}", "chat_template.jinja": "f",
        ])
        #expect(try file.template()?.text == "f")
        #expect(file.specialTokens.count == 2)
    }

    @Test func `Of named templates the one for tools is taken where there are tools`() throws {
        let json = """
            {"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"},
            {"name": "rag", "template": "{{"}]}
            """
        let named = try set(["tokenizer_config.json": json])
        #expect(try named.template()?.text == "d")
        #expect(try named.template(hasTools: true)?.text == "t")
        #expect(try named.template(named: "default", hasTools: true)?.text == "d")
        #expect(try named.template(named: "nope") == nil)
        #expect(throws: TemplateError.self) { try named.template(named: "rag") }
    }

    @Test func `Damaged files are errors that name the file`() throws {
        for json in ["{", #"{"chat_template": 5}"#, #"{"chat_template": [{"name": "x"}]}"#] {
            let error = #expect(throws: TemplateError.self) { try set(["tokenizer_config.json": json]) }
            #expect(error?.message.contains("tokenizer_config.json") == true)
        }
    }

    @Test func `A file takes the place of the model's template`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "x.jinja")
            let error = #expect(throws: TemplateError.self) { try ChatTemplateSet.template(file: file) }
            #expect(error?.code == .notFound)
            try Data("{{ 1 }}".utf8).write(to: file)
            #expect(try ChatTemplateSet.template(file: file).render(ChatTemplateInput(messages: [])) == "1")
        }
    }
}

@Suite struct ChatTemplateClockTests {
    @Test(
        arguments: [
            (0.0, "%Y-%m-%d %H:%M:%S %A %j %U %W", "1970-01-01 00:00:00 Thursday 001 00 00"),
            (951_782_400, "%F %T %a %j", "2000-02-29 00:00:00 Tue 060"),
            (
                1_735_689_599, "%c|%x|%X|%D|%R|%r",
                "Tue Dec 31 23:59:59 2024|12/31/24|23:59:59|12/31/24|23:59|11:59:59 PM"
            ),
            (-1, "%d %B %y %I %p", "31 December 69 11 PM"),
            (1_767_323_045.25, "%-d/%-m %f %% %Q %", "2/1 250000 % %Q %"),
        ])
    func `Dates are written as strftime writes them`(seconds: Double, format: String, text: String) throws {
        let clock = TemplateClock.fixed(at: Date(timeIntervalSince1970: seconds))
        #expect(
            try ChatTemplate("{{ strftime_now(f) }}").render(variables: ["f": .string(format)], clock: clock) == text)
    }
}

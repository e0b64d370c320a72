import LLMTemplate
import Testing

/// Messages as clients of OpenAI's API send them, and what a template then writes.
@Suite struct MessageStepTests {
    /// The text that a template writes for messages of the API.
    private func written(_ template: String, _ messages: [TemplateValue]) throws -> String {
        let template = try ChatTemplate(template)
        return try template.render(ChatTemplateInput(messages: try template.messages(messages)))
    }

    private func error(_ template: String, _ messages: [TemplateValue]) throws -> MessageError? {
        let template = try ChatTemplate(template)
        do throws(MessageError) {
            _ = try template.messages(messages)
            return nil
        } catch {
            return error
        }
    }

    private static let plain = "{%- for m in messages %}{{- '[' + m.role + ']' ~ m.content ~ '\\n' }}{%- endfor %}"
    private static let parts = """
        {%- for m in messages %}{{- '[' + m['role'] + ']' }}{%- for c in m['content'] | \
        selectattr('type','equalto','text') %}{{- c['text'] }}{%- endfor %}{{- '\\n' }}{%- endfor %}
        """

    @Test(arguments: [parts, plain])
    func `Content has the form that the template reads, whichever is sent`(template: String) throws {
        let part: TemplateValue = ["type": "text", "text": "hello there"]
        for content in [.array([part]), "hello there"] as [TemplateValue] {
            #expect(try written(template, [["role": "user", "content": content]]) == "[user]hello there\n")
        }
    }

    @Test func `Texts of parts are lines`() throws {
        let content: TemplateValue = [["type": "text", "text": "a"], ["type": "input_text", "text": "b"]]
        #expect(try written(Self.plain, [["role": "user", "content": content]]) == "[user]a\nb\n")
    }

    @Test func `Content of an assistant may be null, of a user not`() throws {
        let call: TemplateValue = ["type": "function", "function": ["name": "f", "arguments": "{}"]]
        let turn: TemplateValue = ["role": "assistant", "content": nil, "tool_calls": [call]]
        #expect(try written(Self.plain, [turn]) == "[assistant]\n")
        for message in [["role": "user"], ["role": "user", "content": nil], ["role": "system"]] as [TemplateValue] {
            let error = try error(Self.plain, [turn, message])
            #expect(error?.place == "messages[1].content")
        }
    }

    @Test func `Arguments of a call are a mapping`() throws {
        let template = """
            {% for m in messages %}{% for c in m.tool_calls %}{% for k, v in c.function.arguments|items %}{{ k }}={{ v }}\
            {% endfor %}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}
            """
        func calling(_ arguments: TemplateValue) -> [TemplateValue] {
            [["role": "assistant", "tool_calls": [["function": ["name": "f", "arguments": arguments]]]]]
        }
        #expect(try written(template, calling("{\"city\":\"Paris\"}")) == "city=Paris{\"city\": \"Paris\"}")
        #expect(try written(template, calling("")) == "{}")
        #expect(try written(template, calling(nil)) == "{}")
        #expect(try written(template, calling(["a": 1])) == "a=1{\"a\": 1}")
        for text in ["[1]", "no JSON", "{"] {
            let error = try error(template, calling(.string(text)))
            #expect(error?.place == "messages[0].tool_calls[0].function.arguments")
        }
    }

    @Test func `Members that are null, and empty lists of calls, are absent`() throws {
        let template = """
            {% for m in messages %}{% if 'tool_calls' in m %}{% if m.tool_calls|length != 1 %}\
            {{ raise_exception('only single calls') }}{% endif %}{% endif %}{{ m|list|join(',') }};{% endfor %}
            """
        let dumped: TemplateValue = [
            "role": "assistant", "content": "a", "refusal": nil, "audio": nil, "function_call": nil, "tool_calls": nil,
        ]
        #expect(try written(template, [dumped]) == "role,content;")
        #expect(try written(template, [["role": "user", "content": "a", "tool_calls": []]]) == "role,content;")
        let zeros: TemplateValue = [
            "role": "assistant", "content": "a", "name": "", "refusal": "", "reasoning_content": "", "tool_calls": [],
            "function_call": ["name": "", "arguments": ""], "audio": .object([]),
        ]
        #expect(try written(template, [zeros]) == "role,content;")
    }

    @Test func `The role developer is system unless the template knows it`() throws {
        let developer: TemplateValue = ["role": "developer", "content": "be brief"]
        #expect(try written(Self.plain, [developer]) == "[system]be brief\n")
        #expect(try written(Self.plain + "{% set known = 'developer' %}", [developer]) == "[developer]be brief\n")
        let refuses = """
            {% set developer_token = '' %}{% for m in messages %}{% if m.role not in ['system', 'user'] %}\
            {{ raise_exception('no such role') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}
            """
        #expect(try written(refuses, [developer]) == "<system>be brief")
    }

    @Test func `Of a system's and a developer's message none is lost where the template writes one`() throws {
        let first = """
            {% if messages[0].role in ['developer', 'system'] %}<{{ messages[0].content }}>{% endif %}\
            {% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}
            """
        let developer: TemplateValue = ["role": "developer", "content": "b"]
        let user: TemplateValue = ["role": "user", "content": "u"]
        #expect(try written(first, [developer, user]) == "<b>u")
        #expect(try written(first, [["role": "system", "content": "a"], developer, user]) == "<a\n\nb>u")
    }

    @Test func `Of system messages that replace one another none is lost`() throws {
        let last = """
            {% set ns = namespace(text='') %}{% for m in messages %}{% if m.role == 'system' %}\
            {% set ns.text = m.content %}{% endif %}{% endfor %}<{{ ns.text }}>\
            {% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}
            """
        let messages: [TemplateValue] = [
            ["role": "system", "content": "a"], ["role": "system", "content": "b"], ["role": "user", "content": "u"],
        ]
        #expect(try written(last, messages) == "<a\n\nb>u")
    }

    @Test func `Arguments stay a text for a template that only joins texts`() throws {
        let template = """
            {% for m in messages %}{% for c in m.tool_calls %}{{ '<' + c.function.arguments + '>' }}{% endfor %}\
            {% endfor %}
            """
        for (arguments, text) in [("{\"a\": 1}", "<{\"a\": 1}>"), ("", "<{}>")] as [(TemplateValue, String)] {
            let call: TemplateValue = ["function": ["name": "f", "arguments": arguments]]
            #expect(try written(template, [["role": "assistant", "tool_calls": [call]]]) == text)
        }
    }

    @Test func `A refusal is content, but where the template writes it`() throws {
        let plain = "{% for m in messages %}<{{ m.content }}>{% endfor %}"
        let refusing: TemplateValue = ["role": "assistant", "content": nil, "refusal": "no"]
        #expect(try written(plain, [refusing]) == "<no>")
        #expect(try written(plain, [["role": "assistant", "content": "b", "refusal": "no"]]) == "<b\nno>")
        let own = "{% for m in messages %}<{{ m.content }}|{{ m.refusal }}>{% endfor %}"
        #expect(try written(own, [refusing]) == "<|no>")
    }

    @Test func `A late system message goes to the beginning where it would be lost`() throws {
        let first = """
            {% if messages[0].role == 'system' %}<{{ messages[0].content }}>{% endif %}\
            {% for m in messages %}{% if m.role != 'system' %}{{ m.content }}{% endif %}{% endfor %}
            """
        let user: TemplateValue = ["role": "user", "content": "u"]
        let late: [TemplateValue] = [
            user, ["role": "assistant", "content": "a"], ["role": "system", "content": "s"], user,
        ]
        #expect(try written(first, late) == "<s>uau")
        #expect(try written("{% for m in messages %}{{ m.content }}{% endfor %}", late) == "uasu")
    }

    @Test func `Calls are written also where the template writes them beside null only`() throws {
        let template = """
            {% for m in messages %}{% if m.role == 'assistant' and m.content is none %}{% for c in m.tool_calls %}\
            [{{ c.function.name + '=' + c.function.arguments }}]{% endfor %}{% else %}<{{ m.content }}>{% endif %}{% endfor %}
            """
        func turn(_ arguments: TemplateValue) -> [TemplateValue] {
            [
                [
                    "role": "assistant", "content": "",
                    "tool_calls": [["function": ["name": "f", "arguments": arguments]]],
                ]
            ]
        }
        #expect(try written(template, turn("{\"a\": 1}")) == "[f={\"a\": 1}]")
        #expect(try written(template, turn(["a": 1])) == "[f={\"a\": 1}]")
        #expect(try written(template, [["role": "assistant", "content": nil]]) == "<>")
    }

    @Test(arguments: ["reasoning_content", "thinking", "reasoning"])
    func `Reasoning has the name that the template reads`(name: String) throws {
        for read in ["reasoning_content", "thinking", "reasoning"] {
            let template = "{% for m in messages %}<{{ m.\(read) }}>{{ m.content }}{% endfor %}"
            var message: TemplateValue = ["role": "assistant", "content": "a"]
            message[name] = "r"
            #expect(try written(template, [message]) == "<r>a")
        }
    }

    @Test func `A template for tools only is asked with one`() throws {
        let template = """
            {% for t in tools %}{{ t.function.name }}{% endfor %}\
            {% for m in messages %}[{{ m.role }}]{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}
            """
        let parsed = try ChatTemplate(template)
        let messages = try parsed.messages([["role": "user", "content": "u"]])
        let tool: TemplateValue = ["type": "function", "function": ["name": "now"]]
        #expect(try parsed.render(ChatTemplateInput(messages: messages, tools: [tool])) == "now[user]u")
    }

    @Test func `A template that has the word developer in prose only does not know the role`() throws {
        let template = "The developer role. {% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
        #expect(try written(template, [["role": "developer", "content": "d"]]) == "The developer role. [system]d")
    }

    @Test func `Several system messages are one where the template takes one`() throws {
        let first = """
            {% if messages[0].role == 'system' %}<{{ messages[0].content }}>{% set messages = messages[1:] %}{% endif %}\
            {% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('system comes first') }}{% endif %}\
            {{ m.content }}{% endfor %}
            """
        let messages: [TemplateValue] = [
            ["role": "system", "content": "a"], ["role": "user", "content": "u"],
            ["role": "developer", "content": "b"],
        ]
        #expect(try written(first, messages) == "<a\n\nb>u")
        #expect(try written(Self.plain, messages) == "[system]a\n[user]u\n[system]b\n")
    }

    @Test func `A part without a text is named by its place`() throws {
        let content: TemplateValue = [["type": "text", "text": "a"], ["type": "text", "text": nil]]
        let error = try error(Self.plain, [["role": "user", "content": content]])
        #expect(error?.place == "messages[0].content[1]")
    }
}

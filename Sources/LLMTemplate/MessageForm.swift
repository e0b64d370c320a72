/// How a chat template reads messages, where templates differ; found by having it write small conversations.
struct MessageForm: Sendable {
    /// Whether a message's text reaches the prompt only as a list of parts (`[{"type": "text", "text": …}]`).
    let readsParts: Bool
    /// Whether a second system message reaches the prompt.
    let takesSystemMessages: Bool
    /// Whether it names the role `developer` and writes such a message. Templates that write any role name none.
    let knowsDeveloper: Bool
    /// Whether it writes a message of `developer` after one of `system`.
    let takesDeveloperAfterSystem: Bool
    /// Whether a message of `system`, of `developer`, after others reaches the prompt.
    let takesLateSystem: Bool
    let takesLateDeveloper: Bool
    /// Whether the arguments of a call reach the prompt only as a text of JSON.
    let readsArgumentsAsText: Bool
    /// Whether calls reach the prompt only in a message whose content is null, not the empty text.
    let readsNullBesideCalls: Bool
    /// Whether it writes the member `refusal`.
    let readsRefusals: Bool

    init(_ template: ChatTemplate) {
        func isWritten(_ texts: [String], of messages: [TemplateValue]) -> Bool {
            var input = ChatTemplateInput(messages: messages, specialTokens: ChatTemplate.usualTokens)
            var prompt = try? template.render(input)
            if prompt == nil {
                // Some templates are for conversations with tools only.
                input.tools = [MessageForm.tool]
                prompt = try? template.render(input)
            }
            guard let prompt else { return false }
            return texts.allSatisfy { PythonText.contains(prompt, $0) }
        }
        func parts(_ text: String) -> TemplateValue { [["type": "text", "text": .string(text)]] }
        // Each message has a text of its own: one that is lost must not be found in another's place.
        let (one, other, question) = ("firstprobe", "secondprobe", "thirdprobe")
        let readsParts =
            !isWritten([one], of: [["role": "user", "content": .string(one)]])
            && isWritten([one], of: [["role": "user", "content": parts(one)]])
        func message(_ role: String, _ text: String) -> TemplateValue {
            ["role": .string(role), "content": readsParts ? parts(text) : .string(text)]
        }
        let (user, answer) = (message("user", question), message("assistant", other))
        takesSystemMessages = isWritten([one, other], of: [message("system", one), message("system", other), user])
        knowsDeveloper = template.names("developer") && isWritten([one], of: [message("developer", one), user])
        takesDeveloperAfterSystem =
            knowsDeveloper && isWritten([one, other], of: [message("system", one), message("developer", other), user])
        func takesLate(_ role: String) -> Bool {
            isWritten([one, other], of: [user, answer, message(role, one), user])
        }
        takesLateSystem = takesLate("system")
        takesLateDeveloper = knowsDeveloper && takesLate("developer")
        func writesCall(_ arguments: TemplateValue, beside content: TemplateValue) -> Bool {
            // Some templates want ids of nine characters.
            let turn: TemplateValue = [
                "role": "assistant", "content": content,
                "tool_calls": [
                    ["id": "call00001", "type": "function", "function": ["name": "f", "arguments": arguments]]
                ],
            ]
            var result = message("tool", other)
            result["tool_call_id"] = "call00001"
            result["name"] = "f"
            return isWritten([one], of: [user, turn, result])
        }
        let empty: TemplateValue = readsParts ? parts("") : ""
        let (mapping, text): (TemplateValue, TemplateValue) = (["a": .string(one)], .string("{\"a\": \"\(one)\"}"))
        let forms = [(mapping, empty), (text, empty), (mapping, .null), (text, .null)]
        let found = forms.firstIndex { writesCall($0.0, beside: $0.1) } ?? 0
        readsArgumentsAsText = found % 2 == 1
        readsNullBesideCalls = found > 1
        var refused = message("assistant", "")
        refused["refusal"] = .string(one)
        readsRefusals = isWritten([one], of: [user, refused, user])
        self.readsParts = readsParts
    }

    private static let tool: TemplateValue = [
        "type": "function",
        "function": [
            "name": "f", "description": "A function.",
            "parameters": [
                "type": "object", "properties": ["a": ["type": "string", "description": "A text."]], "required": ["a"],
            ],
        ],
    ]
}

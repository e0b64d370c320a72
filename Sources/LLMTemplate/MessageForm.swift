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
    /// Whether the arguments of a call reach the prompt only as a text of JSON.
    let readsArgumentsAsText: Bool

    init(_ template: ChatTemplate) {
        func isWritten(_ texts: [String], of messages: [TemplateValue]) -> Bool {
            let input = ChatTemplateInput(messages: messages, specialTokens: ChatTemplate.usualTokens)
            guard let prompt = try? template.render(input) else { return false }
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
        let user = message("user", question)
        takesSystemMessages = isWritten([one, other], of: [message("system", one), message("system", other), user])
        knowsDeveloper = template.text.contains("developer") && isWritten([one], of: [message("developer", one), user])
        takesDeveloperAfterSystem =
            knowsDeveloper && isWritten([one, other], of: [message("system", one), message("developer", other), user])
        func writesCall(_ arguments: TemplateValue) -> Bool {
            // Some templates want ids of nine characters.
            var turn = message("assistant", "")
            turn["tool_calls"] = [
                ["id": "call00001", "type": "function", "function": ["name": "f", "arguments": arguments]]
            ]
            var result = message("tool", other)
            result["tool_call_id"] = "call00001"
            result["name"] = "f"
            return isWritten([one], of: [user, turn, result])
        }
        readsArgumentsAsText =
            !writesCall(["a": .string(one)]) && writesCall(.string("{\"a\": \"\(one)\"}"))
        self.readsParts = readsParts
    }
}

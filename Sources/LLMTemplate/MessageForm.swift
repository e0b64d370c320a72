/// How a chat template reads messages, where templates differ; found by having it write small conversations.
struct MessageForm: Sendable {
    /// Whether a message's text reaches the prompt only as a list of parts (`[{"type": "text", "text": …}]`).
    let readsParts: Bool
    /// Whether a second system message reaches the prompt.
    let takesSystemMessages: Bool
    /// Whether it knows the role `developer`.
    let knowsDeveloper: Bool

    init(_ template: ChatTemplate) {
        func isWritten(_ texts: [String], of messages: [TemplateValue]) -> Bool {
            let input = ChatTemplateInput(messages: messages, specialTokens: ChatTemplate.usualTokens)
            guard let prompt = try? template.render(input) else { return false }
            return texts.allSatisfy { PythonText.contains(prompt, $0) }
        }
        let (one, other) = ("firstprobe", "secondprobe")
        let user: TemplateValue = ["role": "user", "content": .string(one)]
        readsParts =
            !isWritten([one], of: [user])
            && isWritten([one], of: [["role": "user", "content": [["type": "text", "text": .string(one)]]]])
        let form = readsParts
        func system(_ text: String) -> TemplateValue {
            ["role": "system", "content": form ? [["type": "text", "text": .string(text)]] : .string(text)]
        }
        takesSystemMessages = isWritten([one, other], of: [system(one), system(other), user])
        knowsDeveloper = template.text.contains("developer")
    }
}

import LLMGen
import LLMJSON

/// What the next event of a streamed answer of `/v1/chat/completions` adds to its message.
enum ChatDelta {
    case nothing
    case content(String)
    case reasoning(String)
    /// A call begins.
    case call(ToolCall, index: Int, takesText: Bool)
    /// The next of a call's arguments, or the text that it is.
    case arguments(String, index: Int, takesText: Bool)

    /// The deltas of the parts that a piece settles.
    static func deltas(of parts: [AnswerPart], _ answer: Answer, _ tools: ToolFields) -> [ChatDelta] {
        var deltas: [ChatDelta] = []
        func takesText(_ index: Int) -> Bool { tools.takesText(answer.calls[index].name) }
        var begun = answer.calls.count - parts.count { if case .callBegan = $0 { true } else { false } }
        for part in parts {
            switch part {
            case .content(let text): deltas.append(.content(text))
            case .reasoning(let text): deltas.append(.reasoning(text))
            case .callBegan(let call):
                deltas.append(.call(call, index: begun, takesText: takesText(begun)))
                begun += 1
            case .arguments(let text, let call):
                if !takesText(call) { deltas.append(.arguments(text, index: call, takesText: false)) }
            case .callEnded(_, let call):
                // The text is an argument in JSON, known when that is whole.
                if takesText(call) {
                    deltas.append(.arguments(answer.calls[call].textInput, index: call, takesText: true))
                }
            }
        }
        return deltas
    }

    /// The members of the delta.
    func write(to json: inout JSONWriter) {
        switch self {
        case .nothing: break
        case .content(let text): json.member("content", text)
        case .reasoning(let text):
            // Clients know it by either name.
            json.member("reasoning_content", text)
            json.member("reasoning", text)
        case .call(let call, let index, let takesText):
            json.toolCall(index) { json in
                json.member("id", call.id)
                json.member("type", takesText ? "custom" : "function")
                json.member(takesText ? "custom" : "function") { json in
                    json.object { json in
                        json.member("name", call.name)
                        json.member(takesText ? "input" : "arguments", "")
                    }
                }
            }
        case .arguments(let text, let index, let takesText):
            json.toolCall(index) { json in
                json.member(takesText ? "custom" : "function") { json in
                    json.object { $0.member(takesText ? "input" : "arguments", text) }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func toolCall(_ index: Int, _ members: (inout JSONWriter) -> Void) {
        member("tool_calls") { json in
            json.array { json in
                json.object { json in
                    json.member("index", index)
                    members(&json)
                }
            }
        }
    }
}

extension ToolCall {
    /// The text that a tool takes, from the argument that has it; the arguments where they cannot be read.
    var textInput: String {
        guard case .object(let members)? = try? JSONValue(Array(arguments.utf8), takesAnyText: true),
            case .string(let text)? = members[Tool.textArgument]
        else { return arguments }
        return text
    }
}

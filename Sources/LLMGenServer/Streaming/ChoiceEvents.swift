import LLMGen
import LLMJSON

/// The events of an answer that comes in choices: what completions and chat have in common.
struct ChoiceEvents: Sendable {
    private let head: AnswerHead
    private let object: String
    private let common: CommonFields
    /// Tokens of all prompts.
    private let promptTokens: Int
    private var usage = UsageCount()

    /// - Parameter object: the kind of object that an event is.
    init(_ head: AnswerHead, object: String, _ common: CommonFields, _ generation: Generation) {
        self.head = head
        self.object = object
        self.common = common
        promptTokens = generation.prepared.reduce(0) { $0 + $1.promptTokenIDs.count }
    }

    /// An event of one choice, which `choice` writes, and what stands beside it.
    func event(
        _ events: inout EventBuffer, _ choice: (inout JSONWriter) -> Void,
        beside: (inout JSONWriter) -> Void = { _ in }
    ) {
        write(&events) { json in
            json.member("choices") { $0.array(choice) }
            beside(&json)
            // The usage so far, where it is asked for; null in the others of a stream that ends with it.
            guard let stream = common.stream, stream.includesUsage else { return }
            json.member("usage") { json in
                guard stream.isContinuous else { return json.null() }
                var usage = usage
                usage.prompt = promptTokens
                usage.write(to: &json)
            }
        }
    }

    /// Counts a piece, before its event.
    ///
    /// - Parameter generates: whether its token is part of the answer.
    mutating func count(_ piece: OutputPiece, generates: Bool = true) {
        if generates, piece.tokenID != nil { usage.completion += 1 }
        guard let output = piece.output else { return }
        usage.prompt += output.usage.promptTokens
        usage.cached += output.usage.cachedTokens
    }

    /// Tells how many tokens of the answers are reasoning so far.
    mutating func count(reasoning: Int) { usage.reasoning = reasoning }

    /// The usage, where it is asked for, and the end.
    func end(_ events: inout EventBuffer) {
        if common.stream?.includesUsage == true {
            write(&events) { json in
                json.member("choices") { $0.array { _ in } }
                json.member("usage") { usage.write(to: &$0) }
            }
        }
        events.done()
    }

    private func write(_ events: inout EventBuffer, _ members: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.object { json in
            head.write(to: &json, object: object)
            members(&json)
        }
        events.event(json.bytes)
    }
}

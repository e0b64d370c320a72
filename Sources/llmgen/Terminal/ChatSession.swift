import Foundation
import LLMGen

/// A session: does what its user asks for, and says on stderr what came of it.
struct ChatSession {
    let engine: Engine
    /// The template in the place of the model's own.
    let template: ChatTemplate
    let interrupt: Interrupt
    /// Whether the lines come from a person at a terminal.
    let isEdited: Bool
    var conversation: Conversation
    var sampling: SamplingDraft

    /// - Returns: whether the session goes on.
    /// - Throws: ``LLMGenError``; what was asked for is then not done.
    mutating func perform(_ action: ChatAction) async throws -> Bool {
        switch action {
        case .say(let text): try await answer(text)
        case .help:
            for (name, meaning) in ChatInput.help { StandardStreams.report("\(name.padding(to: 20))\(meaning)") }
        case .clear: conversation.clear()
        case .quit: return false
        case .system(let text): conversation.system = text.isEmpty ? nil : text
        case .save(let path):
            try conversation.save(to: ChatSession.expanded(path))
            StandardStreams.report("\(ChatSession.count(conversation)) saved in \(path)")
        case .load(let path):
            conversation = try Conversation(file: ChatSession.expanded(path))
            StandardStreams.report("\(ChatSession.count(conversation)) loaded")
        case .params(let name, let value):
            if !value.isEmpty {
                let changed = try sampling.setting(name, to: value)
                try changed.checkForChat()
                sampling = changed
            }
            for line in try sampling.lines(name) { StandardStreams.report(line) }
        case .refuse(let reason): throw LLMGenError(code: .invalidInput, message: reason)
        }
        return true
    }

    /// Streams the model's answer. What the model cannot be asked is taken back.
    private mutating func answer(_ text: String) async throws {
        conversation.append(role: "user", content: text)
        interrupt.aborts(engine)
        // In a terminal a second Ctrl-C may come as the answer ends; at the prompt it is a key.
        defer { if !isEdited { interrupt.rests() } }
        do {
            let output = try await stream(try request())
            guard output.finishReason != .abort || !output.text.isEmpty else {
                conversation.removeLast()
                return StandardStreams.report("interrupted before the answer began; the message is taken back")
            }
            conversation.append(role: "assistant", content: output.text)
            Diagnostics.turn(output)
        } catch {
            conversation.removeLast()
            throw error
        }
    }

    private func request() throws -> PreparedGeneration {
        let prompt = try engine.model.prompt(for: conversation.input, template: template)
        let tokens = try engine.tokens(of: prompt)
        guard tokens.count < engine.lengthLimit else {
            throw LLMGenError(
                code: .invalidInput,
                message: "the conversation has \(tokens.count) tokens with this message, and there is room for "
                    + "\(engine.lengthLimit), the answer among them; /clear begins anew, or send a shorter message")
        }
        let parameters = try sampling.parameters(promptTokens: tokens.count, engine: engine)
        return try engine.prepare(.tokenIDs(tokens), parameters)
    }

    private func stream(_ request: PreparedGeneration) async throws -> RequestOutput {
        let pieces = engine.submit([request])[0]
        // An interrupt that came before the request was there did not end it.
        if interrupt.happened { engine.abortAll() }
        for try await piece in pieces {
            try StandardStreams.write(piece.text)
            guard let output = piece.output else { continue }
            try StandardStreams.write("\n")
            return output
        }
        throw CancellationError()
    }

    private static func expanded(_ path: String) -> String { NSString(string: path).expandingTildeInPath }

    private static func count(_ conversation: Conversation) -> String {
        let count = conversation.messages.count
        return count == 1 ? "1 message" : "\(count) messages"
    }
}

import LLMGen
import LLMJSON

/// Request parameters as `/params` of a chat session shows and changes them.
extension SamplingDraft {
    /// Parameters that a conversation has no use for: it has one answer, shown as text, to all of its messages.
    private static let unusedInChat: Set = ["n", "logprobs", "prompt_logprobs", "truncate_prompt_tokens"]

    /// Refuses values out of range, and parameters that would do nothing or cut the conversation.
    func checkForChat() throws(LLMGenError) {
        if let name = names.first(where: Self.unusedInChat.contains) {
            throw LLMGenError(
                code: .invalidArgument,
                message: "\(name) has no use in a conversation, which has one answer and is never cut; leave it out")
        }
        _ = try parameters()
    }

    /// The draft with one parameter changed. The value is JSON, or a text; `default` unsets it.
    func setting(_ name: String, to value: String) throws(LLMGenError) -> SamplingDraft {
        try Self.check(name)
        var changed = self
        if value == "default" {
            changed.unset(name)
            return changed
        }
        let json = (try? JSONValue(Array(value.utf8), takesAnyText: true)) ?? .string(value)
        do throws(SamplingError) {
            try changed.set(name, to: json)
        } catch {
            throw LLMGenError(error)
        }
        return changed
    }

    /// The parameters that are set, one a line; with a name that one.
    func lines(_ name: String) throws(LLMGenError) -> [String] {
        if !name.isEmpty { try Self.check(name) }
        let names = self.names.filter { name.isEmpty || $0 == name }.sorted()
        guard !names.isEmpty else {
            return [
                "\(name.isEmpty ? "nothing is set" : "\(name) is not set"): the model's generation_config.json or the default "
                    + "counts"
            ]
        }
        return names.map { name in
            var json = JSONWriter()
            write(name, to: &json)
            return "\(name.padding(to: 30))\(String(decoding: json.bytes, as: UTF8.self))"
        }
    }

    private static func check(_ name: String) throws(LLMGenError) {
        let known = SamplingParameters.all.map(\.name)
        guard !known.contains(name) else { return }
        throw LLMGenError(
            code: .invalidArgument,
            message: "'\(name.prefix(40))' is no request parameter; known are "
                + known.filter { !unusedInChat.contains($0) }.sorted().joined(separator: ", "))
    }
}

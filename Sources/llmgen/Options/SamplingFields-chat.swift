import Foundation
import LLMGen

extension SamplingFields {
    /// Fields that a conversation has no use for: it has one answer, shown as text, to all of its messages.
    private static let unusedInChat: [CodingKeys] = [.n, .logprobs, .promptLogprobs, .truncatePromptTokens]

    /// Refuses values out of range, and fields that would do nothing or cut the conversation.
    func checkForChat() throws {
        let given = try given()
        if let field = Self.unusedInChat.first(where: { given[$0.rawValue] != nil }) {
            throw LLMGenError(
                code: .invalidArgument,
                message: "\(field.rawValue) has no use in a conversation, which has one answer and is never cut; "
                    + "leave it out")
        }
        _ = try parameters()
    }

    /// These fields with one of them changed. The value is JSON, or a text; `default` unsets the field.
    func setting(_ name: String, to value: String) throws -> SamplingFields {
        try Self.check(name)
        var fields = try given()
        if value == "default" {
            fields[name] = nil
        } else {
            let json = try? JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
            fields[name] = json ?? value
        }
        do {
            return try JSONDecoder().decode(
                SamplingFields.self, from: try JSONSerialization.data(withJSONObject: fields))
        } catch let error as DecodingError {
            throw LLMGenError(code: .invalidArgument, message: "\(name) is \(value): \(PromptLine.describe(error))")
        }
    }

    /// The fields that are given, one a line; with a name that one.
    func lines(_ name: String) throws -> [String] {
        if !name.isEmpty { try Self.check(name) }
        let fields = try given().filter { name.isEmpty || $0.key == name }
        guard !fields.isEmpty else {
            return [
                "\(name.isEmpty ? "nothing" : name) is set: the model's generation_config.json or the default counts"
            ]
        }
        return try fields.sorted { $0.key < $1.key }.map { name, value in
            let json = try JSONSerialization.data(
                withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
            return "\(name.padding(to: 20))\(String(decoding: json, as: UTF8.self))"
        }
    }

    private func given() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(self)) as? [String: Any] ?? [:]
    }

    private static func check(_ name: String) throws(LLMGenError) {
        guard CodingKeys(rawValue: name) == nil else { return }
        throw LLMGenError(
            code: .invalidArgument,
            message: "'\(name.prefix(40))' is no sampling field; known are "
                + CodingKeys.allCases.filter { !unusedInChat.contains($0) }.map(\.rawValue).sorted()
                .joined(separator: ", "))
    }
}

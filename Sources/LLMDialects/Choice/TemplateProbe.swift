package import LLMJSON
package import LLMTemplate

/// What a chat template writes for calls, as a model that was trained with it writes them.
package struct TemplateProbe {
    /// A call to have written.
    package struct Call: Sendable {
        package var name: String
        package var arguments: JSONValue

        package init(name: String, arguments: JSONValue) {
            self.name = name
            self.arguments = arguments
        }
    }

    /// What the template wrote for an answer.
    package struct Rendering: Sendable {
        /// The prompt, as far as the answer goes on with it.
        package var prompt: String
        package var answer: String
        package var calls: [Call]
    }

    private let template: ChatTemplate
    private let tools: [TemplateValue]
    let ids: CallIDForm

    private static let question = "firstprobe"
    package static let saying = "secondprobe"
    package static let thought = "thirdprobe"

    /// - Parameter schemas: the tools that the template is told of, with the schemas of their parameters.
    package init(
        _ template: ChatTemplate, ids: CallIDForm, schemas: [(String, JSONValue)] = TemplateProbe.usualSchemas
    ) {
        self.template = template
        self.ids = ids
        tools = schemas.map { name, schema in
            [
                "type": "function",
                "function": [
                    "name": .string(name), "description": "A function.", "parameters": TemplateValue(schema),
                ],
            ]
        }
    }

    /// The answer with `calls`; nil where the template does not write all of them.
    package func rendering(_ calls: [Call], saying: String? = nil, thought: String? = nil) -> Rendering? {
        guard let whole = text(calls, saying: saying, thought: thought), let prompt = prompt() else { return nil }
        let shared = TemplateProbe.sharedPrefix(Array(prompt.utf8), Array(whole.utf8))
        let answer = String(decoding: Array(whole.utf8)[shared...], as: UTF8.self)
        guard calls.allSatisfy({ answer.utf8.contains($0.name.utf8) }) else { return nil }
        return Rendering(
            prompt: String(decoding: Array(prompt.utf8)[..<shared], as: UTF8.self), answer: answer, calls: calls)
    }

    /// The prompt for an answer.
    func prompt() -> String? { render([user], addsGenerationPrompt: true) }

    private func text(_ calls: [Call], saying: String?, thought: String?) -> String? {
        var turn: TemplateValue = ["role": "assistant", "content": saying.map { .string($0) } ?? .null]
        if !calls.isEmpty {
            let calls = calls.enumerated().map { index, call -> TemplateValue in
                [
                    "id": .string(ids.id(name: call.name, index: index, earlier: 0, seed: 0)), "type": "function",
                    "function": ["name": .string(call.name), "arguments": TemplateValue(call.arguments)],
                ]
            }
            turn["tool_calls"] = .array(calls)
        }
        if let thought { turn["reasoning_content"] = .string(thought) }
        return render([user, turn], addsGenerationPrompt: false)
    }

    private var user: TemplateValue { ["role": "user", "content": .string(TemplateProbe.question)] }

    private func render(_ messages: [TemplateValue], addsGenerationPrompt: Bool) -> String? {
        guard let messages = try? template.messages(messages) else { return nil }
        let input = ChatTemplateInput(
            messages: messages, tools: tools, addsGenerationPrompt: addsGenerationPrompt,
            specialTokens: ChatTemplate.usualTokens)
        return try? template.render(input)
    }

    /// How much of the prompt the answer's text begins with, not ending within a mark.
    static func sharedPrefix(_ prompt: [UInt8], _ whole: [UInt8]) -> Int {
        let shared = zip(prompt, whole).prefix { $0 == $1 }.count
        if shared == prompt.count { return shared }
        let tail = prompt[max(0, shared - 64)..<shared]
        let open = tail.lastIndex { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "[") }
        let close = tail.lastIndex { $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "]") }
        var cut = shared
        if let open, open > close ?? -1 { cut = open }
        while cut > 0, cut < whole.count, whole[cut] & 0xC0 == 0x80 { cut -= 1 }
        return cut
    }

    static let usualDeclarations = usualSchemas.map { ToolDeclaration($0, schema: $1) }

    package static let usualSchemas: [(String, JSONValue)] = ["probe_one", "probe_other"].map { name in
        let properties: [(String, JSONValue)] = ["first", "second"].enumerated().map { index, key in
            (key, .object(["type": .string(index == 0 ? "string" : "integer"), "description": .string("A value.")]))
        }
        return (
            name,
            .object([
                "type": .string("object"), "properties": .object(.init(uniqueKeysWithValues: properties)),
                "required": .array([.string("first")]),
            ])
        )
    }

    /// Two calls, of which templates may write the first only.
    static let usualCalls = [
        Call(name: "probe_one", arguments: .object(["first": .string("alpha"), "second": .integer(17)])),
        Call(name: "probe_other", arguments: .object(["first": .string("omega")])),
    ]
}

extension Sequence<UInt8> {
    /// Whether `text` is among the bytes.
    func contains(_ text: some Sequence<UInt8>) -> Bool {
        let (bytes, text) = (Array(self), Array(text))
        guard !text.isEmpty, bytes.count >= text.count else { return text.isEmpty }
        return bytes.firstRange(of: text) != nil
    }
}

extension TemplateProbe.Rendering {
    /// Whether the answer, parsed, has the calls that were written, and no others.
    package func isParsed(by dialect: ToolDialect, tools: [ToolDeclaration]) -> Bool {
        let parsed = ParsedAnswer(answer, dialect, tools: tools, promptTail: prompt)
        guard parsed.calls.count == calls.count else { return false }
        return zip(parsed.calls, calls).allSatisfy { found, call in
            found.name == call.name && found.end == .complete
                && (try? JSONValue(Array(found.arguments.utf8)))?.isSame(call.arguments) ?? false
        }
    }
}

extension JSONValue {
    /// Whether the values are equal, numbers by what they are worth.
    package func isSame(_ other: JSONValue) -> Bool {
        switch (self, other) {
        case (.array(let one), .array(let other)):
            one.count == other.count && zip(one, other).allSatisfy { $0.isSame($1) }
        case (.object(let one), .object(let other)):
            one.count == other.count
                && one.allSatisfy { name, value in other[name].map { $0.isSame(value) } ?? false }
        case (.integer, .number), (.number, .integer), (.number, .number): finiteNumber == other.finiteNumber
        default: self == other
        }
    }
}

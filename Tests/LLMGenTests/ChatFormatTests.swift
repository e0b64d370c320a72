import Foundation
import LLMGen
import LLMTestSupport
import Testing

@Suite struct ChatFormatTests {
    private let input = ChatTemplateInput(messages: [["role": "user", "content": "Once upon a time"]])

    /// The bundled model in a folder of its own, with other files beside its weights.
    private func model(_ files: [String: String]) async throws -> LanguageModel {
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["config.json", "model.safetensors", "tokenizer.model"] {
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: name), withDestinationURL: Paths.fairytale.appending(path: name))
        }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return try await LanguageModel.load(folder.path)
    }

    @Test func `A conversation becomes the template's text, encoded without a BOS of the tokenizer's`() async throws {
        let model = try await Fairytale.load()
        #expect(try model.chatFormat.text(of: input) == "<s>Once upon a time")
        // What follows a special token gets no prefix space.
        #expect(try model.prompt(for: input) == .tokenIDs([1, 3834, 332, 700, 261, 529]))
        let other = try ChatTemplate("{{ messages[0].content }}</s>")
        #expect(try model.prompt(for: input, template: other) == .tokenIDs([2428, 700, 261, 529, 2]))
    }

    @Test func `The special tokens of the input go before the model's`() async throws {
        let model = try await Fairytale.load()
        var other = input
        other.specialTokens = ["bos_token": "</s>"]
        #expect(try model.chatFormat.text(of: other) == "</s>Once upon a time")
    }

    @Test func `A model without a template says what to do`() async throws {
        let model = try await model([:])
        let error = try #require(throws: LLMGenError.self) { try model.prompt(for: input) }
        #expect(error.code == .invalidInput && error.message.contains("--chat-template"))
        let given = try ChatTemplate("{{ messages[0].content }}")
        #expect(try model.prompt(for: input, template: given) == .tokenIDs([2428, 700, 261, 529]))
    }

    @Test func `A damaged template is an error where it is used, with its place`() async throws {
        let model = try await model(["chat_template.jinja": "{% for m in messages %}\n{{ m. }}"])
        _ = try model.tokens(of: "Once upon a time")
        let error = try #require(throws: LLMGenError.self) { try model.prompt(for: input) }
        #expect(error.code == .invalidInput && error.message.contains("line 2"), "\(error)")
        let damaged = try await self.model(["chat_template.json": "{"])
        let other = try #require(throws: LLMGenError.self) { try damaged.prompt(for: input) }
        #expect(other.code == .invalidInput && other.message.contains("chat_template.json"), "\(other)")
    }

    @Test func `A template that refuses or fails is bad input`() async throws {
        let model = try await Fairytale.load()
        for text in ["{{ raise_exception('no') }}", "{{ messages[0].x.y }}"] {
            let error = try #require(throws: LLMGenError.self) {
                try model.prompt(for: input, template: ChatTemplate(text))
            }
            #expect(error.code == .invalidInput && error.message.contains("line 1"), "\(error)")
        }
    }

    @Test func `Of named templates the one for tools is taken where there are tools`() async throws {
        let model = try await model([
            "tokenizer_config.json": """
            {"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]}
            """
        ])
        var withTools = input
        withTools.tools = [["type": "function", "function": ["name": "f"]]]
        #expect(try model.chatFormat.text(of: input) == "plain")
        #expect(try model.chatFormat.text(of: withTools) == "tools")
        let messages = #""messages": [{"role": "user", "content": "a"}]"#
        let json = #"{\#(messages), "tools": [{"type": "function", "function": {"name": "f"}}]}"#
        #expect(try model.chatFormat.text(json: Array(json.utf8)) == "tools")
        #expect(try model.chatFormat.text(json: Array("{\(messages)}".utf8)) == "plain")
        let none = Array(#"{"messages": []}"#.utf8)
        let error = try #require(throws: LLMGenError.self) { try model.chatFormat.text(json: none) }
        #expect(error.field == "messages")
        #expect(try model.chatFormat.text(json: none, verbatim: true) == "plain")
    }

    @Test func `From turn to turn the conversation comes from the prefix cache`() async throws {
        let engine = try await Fairytale.engine()
        var conversation = Conversation(system: "A tale of a king who had three sons, told on a winter's evening.")
        var cached: [Int] = []
        for text in ["Once upon a time", "The eldest son", "The youngest son"] {
            conversation.append(role: "user", content: text)
            let prompt = try engine.model.prompt(for: conversation.input)
            let output = try await engine.generate(
                [prompt], try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 48))[0]
            conversation.append(role: "assistant", content: output.text)
            cached.append(output.usage.cachedTokens)
        }
        #expect(cached[0] == 0 && cached[2] >= 32 && cached == cached.sorted(), "\(cached)")
    }
}

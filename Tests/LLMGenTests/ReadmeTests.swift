import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// The README's library example, word for word and at work.
@Suite struct ReadmeTests {
    private func example() async throws -> [RequestOutput] {
        // README begins
        let model = try await LanguageModel.load("fairytale-6m")  // or the path of a model folder
        let engine = try Engine(model: model, options: .init(kvCacheMemory: .mebibytes(256)))

        // One prompt, token by token.
        let story = engine.generate("Once upon a time", try .init(temperature: 0.8, seed: 1, maxTokens: 40))
        for try await piece in story {
            print(piece.text, terminator: "")
            if let output = piece.output { print("\n\(output.usage.completionTokens) tokens: \(output.finishReason)") }
        }

        // Several prompts, computed together; the outputs come in the prompts' order.
        let outputs = try await engine.generate(["The king", "The queen"], .init(temperature: 0, maxTokens: 16))
        for output in outputs { print(output.text) }
        // README ends
        return outputs
    }

    @Test func `The README's example is this file's`() throws {
        let readme = try String(contentsOf: Paths.root.appending(path: "README.md"), encoding: .utf8)
        let source = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
        let body = try between("// README begins\n", "        // README ends", in: source)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("        ") ? $0.dropFirst(8) : $0 }
            .joined(separator: "\n")
        #expect(try between("```swift\nimport LLMGen\n\n", "```", in: readme) == body)
    }

    @Test func `The README's example runs`() async throws {
        let outputs = try await example()
        #expect(outputs.map(\.usage.completionTokens) == [16, 16])
        #expect(outputs.allSatisfy { !$0.text.isEmpty && $0.finishReason == .length })
    }

    private func between(_ start: String, _ end: String, in text: String) throws -> String {
        let from = try #require(text.range(of: start), "no \(start)").upperBound
        let to = try #require(text.range(of: end, range: from..<text.endIndex), "no \(end)").lowerBound
        return String(text[from..<to])
    }
}

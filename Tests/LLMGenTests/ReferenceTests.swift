import LLMGen
import Testing

@Suite struct ReferenceTests {
    @Test func `Greedy continuations of the bundled model equal those of transformers`() async throws {
        let entries = try Fairytale.reference()
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 64)
        let outputs = try await engine.generate(entries.map { .tokenIDs($0.prompt_ids) }, parameters)
        #expect(outputs.count == 8)
        for (output, entry) in zip(outputs, entries) {
            #expect(output.tokenIDs == entry.greedy_ids)
            #expect(output.finishReason == .length)
            // The reference decodes the continuation alone, without the space that joins it to the prompt.
            #expect(output.text.drop { $0 == " " } == entry.greedy_text.drop { $0 == " " })
        }
    }

    @Test func `A prompt's text gives the reference's token ids`() async throws {
        let engine = try await Fairytale.engine()
        for entry in try Fairytale.reference() {
            #expect(try engine.tokens(of: .text(entry.prompt)) == entry.prompt_ids)
        }
    }
}

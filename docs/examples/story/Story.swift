import Foundation
import LLMGen

/// The bundled model writes a story, which comes as it is written: what `make demo` runs.
@main struct Story {
    static func main() async throws {
        let model = try await LanguageModel.load("fairytale-6m")
        let engine = try Engine(model: model)
        let prompt = "Once upon a time"
        print(prompt, terminator: "")
        for try await piece in engine.generate(prompt, try SamplingParameters(seed: 8, maxTokens: 200)) {
            print(piece.text, terminator: "")
            fflush(nil)
            if let output = piece.output {
                print("\n\n\(output.usage.completionTokens) tokens by \(model.name); seed \(output.seed)")
            }
        }
    }
}

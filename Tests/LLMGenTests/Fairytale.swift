import Foundation
import LLMGen
import LLMTestSupport

/// The bundled model, loaded once for each way of loading it, and what transformers computed with it.
enum Fairytale {
    struct Reference: Decodable {
        struct Entry: Decodable {
            let prompt: String
            let prompt_ids: [TokenID]
            let greedy_ids: [TokenID]
            let greedy_text: String
        }
        let entries: [Entry]
    }

    static func reference() throws -> [Reference.Entry] {
        let data = try Data(contentsOf: Paths.fairytale.appending(path: "reference.json"))
        return try JSONDecoder().decode(Reference.self, from: data).entries
    }

    /// Loads the model in float32 arithmetic, the reference's, on a CPU too that suits another better.
    static func load(_ options: LoadOptions = LoadOptions()) async throws -> LanguageModel {
        var options = options
        options.computeDtype = .float32
        return try await LanguageModel.load(Paths.fairytale.path, options)
    }

    static func engine(_ options: EngineOptions = EngineOptions()) async throws -> Engine {
        try Engine(model: try await load(), options: options)
    }
}

extension Engine {
    /// Blocks in use once the engine has taken everything that was asked of it.
    var usedBlocks: Int {
        get async {
            await settle()
            return metrics.usedBlocks
        }
    }
}

import LLMModels
import LLMSampling

/// A model's `generation_config.json`: sampling defaults below the user's values, and the tokens that end a text.
struct GenerationConfig: Sendable {
    let defaults: SamplingParameters
    let eosTokens: [TokenID]

    /// Reads the keys of a file; without one nothing is recommended.
    init(_ file: ConfigFile?) throws(LLMGenError) {
        guard let file else {
            defaults = .unset
            eosTokens = []
            return
        }
        do {
            eosTokens = try file.integers("eos_token_id", in: 0...Int(Int32.max)).map(TokenID.init)
            defaults = try SamplingParameters(modelDefaults: file.field)
        } catch let error as ModelError {
            throw LLMGenError(error)
        } catch {
            throw LLMGenError(code: .invalidInput, message: "'\(file.path)': \(error)", cause: error)
        }
    }
}

import LLMModels
import LLMSampling

/// A model's `generation_config.json`: sampling defaults below the user's values, and the tokens that end a text.
struct GenerationConfig: Sendable {
    let defaults: SamplingDefaults
    let eosTokens: [TokenID]

    /// Reads the keys of a file; without one nothing is recommended.
    init(_ file: ConfigFile?) throws(LLMGenError) {
        guard let file else {
            defaults = .none
            eosTokens = []
            return
        }
        do {
            let any = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
            func number(_ key: String) throws(ModelError) -> Double? {
                file.has(key) ? try file.number(key, in: any) : nil
            }
            let topK = file.has("top_k") ? try file.integer("top_k", in: -1...Int(Int32.max)) : nil
            func count(_ key: String) throws(ModelError) -> Int? {
                file.has(key) ? try file.integer(key, in: 0...Int(Int32.max)) : nil
            }
            let (maxTokens, minTokens) = (try count("max_new_tokens"), try count("min_new_tokens"))
            let doSample = file.has("do_sample") ? try file.flag("do_sample") : nil
            eosTokens = try file.integers("eos_token_id", in: 0...Int(Int32.max)).map(TokenID.init)
            do {
                defaults = try SamplingDefaults(
                    temperature: number("temperature"), topP: number("top_p"), topK: topK, minP: number("min_p"),
                    typicalP: number("typical_p"), repetitionPenalty: number("repetition_penalty"),
                    maxTokens: maxTokens, minTokens: minTokens, doSample: doSample)
            } catch let error as SamplingError {
                throw LLMGenError(
                    code: .invalidInput, message: "'\(file.path)': \(error.message)", cause: error)
            }
        } catch let error as ModelError {
            throw LLMGenError(error)
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw LLMGenError(code: .invalidInput, message: "'\(file.path)': \(error)", cause: error)
        }
    }
}

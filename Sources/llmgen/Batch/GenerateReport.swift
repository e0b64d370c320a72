import Foundation
import LLMGen

/// The object that `generate --json` prints.
struct GenerateReport: Encodable {
    struct Output: Encodable {
        let index: Int
        let token_ids: [TokenID]
        let text: String
        let finish_reason: String
        let seed: Int64?
        let logprobs: [Logprobs]?
    }

    struct Logprobs: Encodable {
        let token_id: TokenID
        let logprob: Double
        let top: [Logprob]

        init(_ entry: TokenLogprobs) {
            token_id = entry.chosen.tokenID
            logprob = GenerateReport.finite(entry.chosen.logprob)
            top = entry.top.map { Logprob(token_id: $0.tokenID, logprob: GenerateReport.finite($0.logprob)) }
        }
    }

    struct Logprob: Encodable {
        let token_id: TokenID
        let logprob: Double
    }

    struct Usage: Encodable {
        let prompt_tokens: Int
        let cached_tokens: Int
        let completion_tokens: Int
    }

    struct Timings: Encodable {
        let load_s: Double
        let ttft_s: Double
        let prefill_tokens_per_s: Double
        let decode_tokens_per_s: Double
        let total_s: Double
    }

    let index: Int?
    let id: LineID?
    let model: String
    let compute_dtype: String
    let quantization: String
    let kv_cache_dtype: String
    let seed: Int64
    let prompt_token_ids: [TokenID]
    let prompt_logprobs: [Logprobs?]?
    let outputs: [Output]
    let usage: Usage
    let timings: Timings

    /// - Parameters:
    ///   - index: the prompt's line, where there are several.
    ///   - id: what the line calls itself.
    init(_ output: RequestOutput, of engine: Engine, index: Int? = nil, id: LineID? = nil) {
        self.index = index
        self.id = id
        model = engine.model.name
        compute_dtype = engine.model.arithmetic.rawValue
        quantization = engine.model.quantization?.description ?? "none"
        kv_cache_dtype = engine.kvCacheDtype.rawValue
        seed = output.seed
        prompt_token_ids = output.promptTokenIDs
        prompt_logprobs = output.promptLogprobs?.map { $0.map(Logprobs.init) }
        outputs = output.outputs.map { sample in
            Output(
                index: sample.index, token_ids: sample.tokenIDs, text: sample.text,
                finish_reason: sample.finishReason.rawValue, seed: output.outputs.count > 1 ? sample.seed : nil,
                logprobs: sample.logprobs?.map(Logprobs.init))
        }
        usage = Usage(
            prompt_tokens: output.usage.promptTokens, cached_tokens: output.usage.cachedTokens,
            completion_tokens: output.usage.completionTokens)
        timings = Timings(
            load_s: engine.model.loadSeconds, ttft_s: output.timings.ttftSeconds,
            prefill_tokens_per_s: output.prefillTokensPerSecond, decode_tokens_per_s: output.decodeTokensPerSecond,
            total_s: output.timings.totalSeconds)
    }

    /// JSON has no infinity; the field writes an impossible token's log probability as -9999.
    private static func finite(_ logprob: Double) -> Double { max(logprob, -9999) }
}

/// The object in the place of a prompt that could not be run.
struct ErrorReport: Encodable {
    let index: Int
    let id: LineID?
    let error: String
}

extension Encodable {
    /// One line of JSON, its keys in snake case.
    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// The line on stdout.
    func printLine() throws { try StandardStreams.write(line() + "\n") }
}

public import LLMSampling
public import LLMScheduling

/// The token id of all layers.
public typealias TokenID = Int32
/// How tokens are chosen: vLLM's `SamplingParams` in Swift spelling.
public typealias SamplingParameters = LLMSampling.SamplingParameters
/// When an output counts as stuck.
public typealias RepetitionDetection = LLMSampling.RepetitionDetection
/// A step of one's own between a row of logits and the token chosen from it.
public typealias LogitsProcessor = LLMSampling.LogitsProcessor
/// Why sampling parameters, or a row of logits, cannot be used.
public typealias SamplingError = LLMSampling.SamplingError
/// Why a request ended.
public typealias FinishReason = LLMScheduling.FinishReason
/// Log probabilities of one chosen token.
public typealias TokenLogprobs = LLMSampling.TokenLogprobs

/// What came of a request.
public struct RequestOutput: Sendable, Hashable {
    /// The prompt's tokens.
    public let promptTokenIDs: [TokenID]
    /// The generated tokens, with the EOS or stop token, or the tokens of the stop string, that ended the request.
    public let tokenIDs: [TokenID]
    /// The generated text, without special tokens and without what stopped it; empty for a model without a tokenizer.
    public let text: String
    /// One entry a token, where the request asked for logprobs.
    public let logprobs: [TokenLogprobs]?
    /// Why the request ended.
    public let finishReason: FinishReason
    /// The seed that the draws came from, given or taken at random.
    public let seed: Int64
    /// Tokens counted.
    public let usage: Usage
    /// Times taken.
    public let timings: Timings

    /// Prompt tokens over the time from the first step to the first token.
    public var prefillTokensPerSecond: Double {
        timings.prefillSeconds > 0 ? Double(usage.promptTokens) / timings.prefillSeconds : 0
    }

    /// Tokens after the first over the time they took.
    public var decodeTokensPerSecond: Double {
        timings.decodeSeconds > 0 ? Double(usage.completionTokens - 1) / timings.decodeSeconds : 0
    }
}

/// Tokens of a request.
public struct Usage: Sendable, Hashable {
    /// Tokens of the prompt.
    public let promptTokens: Int
    /// Tokens of the prompt whose keys and values came from the cache.
    public let cachedTokens: Int
    /// Tokens generated.
    public let completionTokens: Int
}

/// Times of a request, in seconds.
public struct Timings: Sendable, Hashable {
    /// From the request's arrival to its first step.
    public let queueSeconds: Double
    /// From the request's arrival to its first token (time to first token).
    public let ttftSeconds: Double
    /// From its first step to its first token.
    public let prefillSeconds: Double
    /// From its first token to its last.
    public let decodeSeconds: Double
    /// From its arrival to its end.
    public let totalSeconds: Double
    /// Times it lost its blocks and was computed again.
    public let preemptions: Int
}

/// A part of a request's output as it comes: the text of one token.
public struct OutputPiece: Sendable, Hashable {
    /// The text that this token settles; empty while a character or a possible stop string is unfinished.
    public let text: String
    /// The token; nil on a last piece that only brings the end.
    public let tokenID: TokenID?
    /// The token's log probabilities, where asked for.
    public let logprobs: TokenLogprobs?
    /// When the engine had the token, or the end.
    public let instant: ContinuousClock.Instant
    /// The whole output, on the last piece.
    public let output: RequestOutput?
}

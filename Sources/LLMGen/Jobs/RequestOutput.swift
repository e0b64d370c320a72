public import LLMSampling
public import LLMScheduling

/// The token id of all layers.
public typealias TokenID = Int32
/// How tokens are chosen: vLLM's `SamplingParams` in Swift spelling.
public typealias SamplingParameters = LLMSampling.SamplingParameters
/// Request parameters before they are checked.
public typealias SamplingDraft = LLMSampling.SamplingDraft
/// When an output counts as stuck.
public typealias RepetitionDetection = LLMSampling.RepetitionDetection
/// A step of one's own between a row of logits and the token chosen from it.
public typealias LogitsProcessor = LLMSampling.LogitsProcessor
/// Why sampling parameters, or a row of logits, cannot be used.
public typealias SamplingError = LLMSampling.SamplingError
/// Why a request ended.
public typealias FinishReason = LLMScheduling.FinishReason
/// A token and its log probability.
public typealias TokenLogprob = LLMSampling.TokenLogprob
/// Log probabilities of one token.
public typealias TokenLogprobs = LLMSampling.TokenLogprobs

/// What came of a request.
public struct RequestOutput: Sendable, Hashable {
    /// The prompt's tokens, as they were computed: without those that `truncate_prompt_tokens` cut off.
    public let promptTokenIDs: [TokenID]
    /// Of each prompt token its log probability after those before it, where the request asked for them; nil for the
    /// first, which nothing stands before.
    public let promptLogprobs: [TokenLogprobs?]?
    /// The samples, as many as the request's `n`, in order.
    public let outputs: [SampleOutput]
    /// Tokens counted.
    public let usage: Usage
    /// Times taken.
    public let timings: Timings

    /// The first sample's generated tokens.
    public var tokenIDs: [TokenID] { outputs[0].tokenIDs }
    /// The first sample's text.
    public var text: String { outputs[0].text }
    /// The first sample's log probabilities.
    public var logprobs: [TokenLogprobs]? { outputs[0].logprobs }
    /// Why the first sample ended.
    public var finishReason: FinishReason { outputs[0].finishReason }
    /// The seed of the request, given or taken at random, which is the first sample's.
    public var seed: Int64 { outputs[0].seed }

    /// Prompt tokens over the time from the first step to the first token.
    public var prefillTokensPerSecond: Double {
        timings.prefillSeconds > 0 ? Double(usage.promptTokens) / timings.prefillSeconds : 0
    }

    /// Tokens after each sample's first over the time they took.
    public var decodeTokensPerSecond: Double {
        timings.decodeSeconds > 0 ? Double(usage.completionTokens - outputs.count) / timings.decodeSeconds : 0
    }
}

/// One sample of a request.
public struct SampleOutput: Sendable, Hashable {
    /// Its place among the request's samples, from 0.
    public let index: Int
    /// The generated tokens, with the EOS or stop token, or the tokens of the stop string, that ended the sample.
    public let tokenIDs: [TokenID]
    /// The generated text, without special tokens and without what stopped it unless asked for; empty for a model without
    /// a tokenizer.
    public let text: String
    /// One entry a token, where the request asked for logprobs.
    public let logprobs: [TokenLogprobs]?
    /// Why the sample ended.
    public let finishReason: FinishReason
    /// The seed that its draws came from; see ``SamplingParameters/seed(ofSample:from:)``.
    public let seed: Int64
}

/// Tokens of a request.
public struct Usage: Sendable, Hashable {
    /// Tokens of the prompt.
    public let promptTokens: Int
    /// Tokens of the prompt whose keys and values came from the prefix cache.
    public let cachedTokens: Int
    /// Tokens generated, of all samples.
    public let completionTokens: Int
}

/// Times of a request, in seconds.
public struct Timings: Sendable, Hashable {
    /// From the request's arrival to its first step, or to its end where there was none.
    public let queueSeconds: Double
    /// From the request's arrival to its first token (time to first token), or to its end.
    public let ttftSeconds: Double
    /// From its first step to its first token, or to its end.
    public let prefillSeconds: Double
    /// From its first token to its last.
    public let decodeSeconds: Double
    /// From its arrival to its end.
    public let totalSeconds: Double
    /// Times that its samples lost their blocks and were computed again.
    public let preemptions: Int
}

/// A part of a request's output as it comes: the text of one token of one sample.
public struct OutputPiece: Sendable, Hashable {
    /// The sample, from 0.
    public let index: Int
    /// The text that this token settles; empty while a character or a possible stop string is unfinished.
    public let text: String
    /// The token; nil on a last piece that only brings the end.
    public let tokenID: TokenID?
    /// The token's log probabilities, where asked for.
    public let logprobs: TokenLogprobs?
    /// The prompt's log probabilities, where asked for, on the first piece of the request; see
    /// ``RequestOutput/promptLogprobs``.
    public internal(set) var promptLogprobs: [TokenLogprobs?]? = nil
    /// When the engine had the token, or the end.
    public let instant: ContinuousClock.Instant
    /// Why the sample ended, on its last piece.
    public let finishReason: FinishReason?
    /// The whole output, on the last piece of the last sample to end.
    public internal(set) var output: RequestOutput?
}

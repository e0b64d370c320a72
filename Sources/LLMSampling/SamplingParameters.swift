/// How a request wants its tokens chosen: vLLM's `SamplingParams` by the same names, in Swift spelling.
///
/// A field left `nil` is unset, so that a model's own default can take its place
/// (see ``resolved(defaults:vocabularySize:eosTokenIDs:seedIfUnset:)``). A value exists only if every field is in its range.
public struct SamplingParameters: Sendable, Hashable {
    /// Sequences to generate for the prompt. Only 1 is supported.
    public let n: Int?
    /// Subtracted from the logit of every token that is in the output; [-2, 2], 0 for none.
    public let presencePenalty: Double?
    /// Subtracted from a token's logit once for each time it is in the output; [-2, 2], 0 for none.
    public let frequencyPenalty: Double?
    /// Divides the positive logits, and multiplies the negative ones, of tokens in the prompt or the output;
    /// finite and above 0, 1 for none.
    public let repetitionPenalty: Double?
    /// Divides the logits; [0, 2], 0 for greedy. A value between 0 and 0.01 is raised to 0.01, as vLLM does.
    public let temperature: Double?
    /// Keeps the smallest set of most probable tokens whose probabilities reach this sum; (0, 1], 1 for off.
    public let topP: Double?
    /// Keeps this many of the most probable tokens; 0 and -1 for off.
    public let topK: Int?
    /// Keeps the tokens at least this probable relative to the most probable one; [0, 1], 0 for off.
    public let minP: Double?
    /// Fixes the draws; unset, a random seed is taken and reported. -1 counts as unset.
    public let seed: Int64?
    /// Texts that end the output and are left out of it; none of them empty.
    public let stop: [String]?
    /// Tokens that end the output, without duplicates.
    public let stopTokenIDs: [TokenID]?
    /// Whether to go on after the model's end-of-sequence token.
    public let ignoreEOS: Bool?
    /// Output tokens at most; unset, as many as there is room for.
    public let maxTokens: Int?
    /// Output tokens before which no EOS or stop token is chosen.
    public let minTokens: Int?
    /// How many of the most probable tokens to report with each token: 0 to 20.
    public let logprobs: Int?

    /// The most alternatives a request may ask for with each token, as in vLLM: more would have no bound in memory.
    public static let maxLogprobs = 20

    /// Checks every field that is given.
    ///
    /// - Throws: ``SamplingError`` naming the first field out of its range; NaN is in no range.
    public init(
        n: Int? = nil,
        presencePenalty: Double? = nil,
        frequencyPenalty: Double? = nil,
        repetitionPenalty: Double? = nil,
        temperature: Double? = nil,
        topP: Double? = nil,
        topK: Int? = nil,
        minP: Double? = nil,
        seed: Int64? = nil,
        stop: [String]? = nil,
        stopTokenIDs: [TokenID]? = nil,
        ignoreEOS: Bool? = nil,
        maxTokens: Int? = nil,
        minTokens: Int? = nil,
        logprobs: Int? = nil
    ) throws(SamplingError) {
        self.n = try Self.supportedCount(n)
        self.presencePenalty = try SamplingRules.additivePenalty(presencePenalty, field: "presence_penalty")
        self.frequencyPenalty = try SamplingRules.additivePenalty(frequencyPenalty, field: "frequency_penalty")
        self.repetitionPenalty = try SamplingRules.repetitionPenalty(repetitionPenalty, field: "repetition_penalty")
        self.temperature = try SamplingRules.temperature(temperature, field: "temperature")
        self.topP = try SamplingRules.topP(topP, field: "top_p")
        self.topK = try SamplingRules.topK(topK, field: "top_k")
        self.minP = try SamplingRules.minP(minP, field: "min_p")
        self.seed = seed == -1 ? nil : seed
        self.stop = try Self.nonEmptyStops(stop)
        self.stopTokenIDs = try Self.distinctStopTokens(stopTokenIDs)
        self.ignoreEOS = ignoreEOS
        self.maxTokens = try SamplingRules.count(
            maxTokens, atLeast: 1, field: "max_tokens", remedy: "leave it out to use all the room there is")
        self.minTokens = try SamplingRules.count(
            minTokens, atLeast: 0, field: "min_tokens", remedy: "use 0 for no minimum")
        self.logprobs = try Self.reportableLogprobs(logprobs)
        if let least = minTokens, let most = maxTokens, least > most {
            throw SamplingError(
                .conflict, field: "min_tokens", problem: "\(least) is more than max_tokens, \(most)",
                remedy: "lower min_tokens or raise max_tokens")
        }
    }

    /// A seed for a request that gives none.
    ///
    /// It is below 2^53, so that a reported seed survives readers that hold every JSON number as a double.
    public static func randomSeed() -> Int64 { Int64.random(in: 0..<(1 << 53)) }

    private static func supportedCount(_ n: Int?) throws(SamplingError) -> Int? {
        let n = try SamplingRules.count(n, atLeast: 1, field: "n", remedy: "use 1")
        if let n, n > 1 {
            throw SamplingError(
                .unsupported, field: "n", problem: "\(n) sequences a request are not supported, the range is [1, 1]",
                remedy: "send \(n) requests with different seeds")
        }
        return n
    }

    private static func nonEmptyStops(_ stops: [String]?) throws(SamplingError) -> [String]? {
        if let index = stops?.firstIndex(where: \.isEmpty) {
            throw SamplingError(
                .outOfRange, field: "stop", problem: "the string at index \(index) is empty, the least length is 1",
                remedy: "remove it")
        }
        return stops
    }

    private static func distinctStopTokens(_ ids: [TokenID]?) throws(SamplingError) -> [TokenID]? {
        guard let ids else { return nil }
        if let negative = ids.first(where: { $0 < 0 }) {
            throw SamplingRules.outOfRange("stop_token_ids", negative, "0 or more", "use ids of the vocabulary")
        }
        var seen: Set<TokenID> = []
        return ids.filter { seen.insert($0).inserted }
    }

    private static func reportableLogprobs(_ count: Int?) throws(SamplingError) -> Int? {
        guard let count else { return nil }
        guard count >= 0 && count <= maxLogprobs else {
            throw SamplingRules.outOfRange("logprobs", count, "[0, \(maxLogprobs)]", "ask for fewer alternatives")
        }
        return count
    }
}

extension SamplingStep {
    /// Every step, in the order they are applied.
    ///
    /// The rows of the stage ``Stage/logits`` come first: a greedy request applies those and takes the highest logit, a
    /// sampling one applies all and draws.
    public static let order: [SamplingStep] = [
        .minTokens,
        .repetitionPenalty,
        .frequencyPenalty,
        .presencePenalty,
        .temperature,
        .minP,
        .topK,
        .topP,
    ]
}

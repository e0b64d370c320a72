/// How a request wants its tokens chosen: vLLM's `SamplingParams` by the same names, in Swift spelling, and the steps
/// that only llama.cpp has.
///
/// A field left `nil` is unset, so that a model's own default can take its place (see
/// ``resolved(defaults:vocabularySize:eosTokenIDs:seedIfUnset:tokenize:)``). A value exists only if every field is in
/// its range; lists have limits, for a request may come from anybody.
public struct SamplingParameters: Sendable, Hashable {
    /// Sequences to generate for the prompt, each with a seed of its own (``seed(ofSample:from:)``); 1 to ``maxN``, 1 if
    /// greedy.
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
    /// Keeps the smallest set of tokens, those of the most ordinary surprise first, whose probabilities reach this sum;
    /// (0, 1], 1 for off.
    public let typicalP: Double?
    /// Keeps the tokens whose logits are at most this many standard deviations below the highest; 0 and -1 for off.
    public let topNSigma: Double?
    /// How far the temperature moves, up and down, with the entropy of each row; [0, 2], 0 for off.
    public let dynatempRange: Double?
    /// The power of the entropy's share that moves the temperature; finite, 0 or more; 1 unless given.
    public let dynatempExponent: Double?
    /// The chance, for each token, that XTC drops the most probable ones; [0, 1], 0 for off.
    public let xtcProbability: Double?
    /// The least probability of tokens that XTC drops, all but the last of them; [0, 1], 0.1 unless given. Above 0.5
    /// there are no two such tokens, and XTC does nothing.
    public let xtcThreshold: Double?
    /// 2 for mirostat 2 in place of the filters that the model recommends, 0 for off.
    public let mirostat: Int?
    /// The surprise in bits that mirostat aims at; [0, 100], 5 unless given.
    public let mirostatTau: Double?
    /// How fast mirostat learns; [0, 1], 0.1 unless given.
    public let mirostatEta: Double?
    /// The penalty of DRY for a repetition of the allowed length; finite, 0 or more, 0 for off.
    public let dryMultiplier: Double?
    /// The factor of DRY for each token more; finite, 1 or more, 1.75 unless given.
    public let dryBase: Double?
    /// The longest repetition that DRY leaves alone is one token shorter than this; 1 or more, 2 unless given.
    public let dryAllowedLength: Int?
    /// The tokens that DRY looks at; 0 for off, -1, which is the default, for all.
    public let dryPenaltyLastN: Int?
    /// Texts over which DRY sees no repetition; none of them empty; line break, colon, quotation mark and asterisk
    /// unless given.
    public let drySequenceBreakers: [String]?
    /// Fixes the draws; unset, a random seed is taken and reported. -1 counts as unset.
    public let seed: Int64?
    /// Texts that end the output; none of them empty.
    public let stop: [String]?
    /// Tokens that end the output, without duplicates.
    public let stopTokenIDs: [TokenID]?
    /// Whether the text has the stop string, or the text of the stop token, that ended it.
    public let includeStopStrInOutput: Bool?
    /// Whether to go on after the model's end-of-sequence token.
    public let ignoreEOS: Bool?
    /// Output tokens at most; unset, as many as there is room for.
    public let maxTokens: Int?
    /// Output tokens before which no EOS or stop token is chosen.
    public let minTokens: Int?
    /// How many of the most probable tokens to report with each output token; 0 to ``maxLogprobs``.
    public let logprobs: Int?
    /// How many of the most probable tokens to report with each prompt token; 0 to ``maxLogprobs``.
    public let promptLogprobs: Int?
    /// Added to the logits of these tokens; a bias beyond -100 or 100 counts as that, as in vLLM.
    public let logitBias: [TokenID: Double]?
    /// The only tokens that can be chosen, ascending, without duplicates; not empty.
    public let allowedTokenIDs: [TokenID]?
    /// Texts that the output must not contain, each with and without a space before it; none of them empty.
    public let badWords: [String]?
    /// Whether special tokens are left out of the text; true unless given.
    public let skipSpecialTokens: Bool?
    /// Whether special tokens in the text have spaces around them; true unless given. As in vLLM it is for tokenizers
    /// that join words by spaces.
    public let spacesBetweenSpecialTokens: Bool?
    /// Keeps this many of the prompt's last tokens; -1 for as many as fit. Unset, a prompt too long is an error.
    public let truncatePromptTokens: Int?
    /// Ends an output that repeats itself, with the finish reason `repetition`.
    public let repetitionDetection: RepetitionDetection?

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
        typicalP: Double? = nil,
        topNSigma: Double? = nil,
        dynatempRange: Double? = nil,
        dynatempExponent: Double? = nil,
        xtcProbability: Double? = nil,
        xtcThreshold: Double? = nil,
        mirostat: Int? = nil,
        mirostatTau: Double? = nil,
        mirostatEta: Double? = nil,
        dryMultiplier: Double? = nil,
        dryBase: Double? = nil,
        dryAllowedLength: Int? = nil,
        dryPenaltyLastN: Int? = nil,
        drySequenceBreakers: [String]? = nil,
        seed: Int64? = nil,
        stop: [String]? = nil,
        stopTokenIDs: [TokenID]? = nil,
        includeStopStrInOutput: Bool? = nil,
        ignoreEOS: Bool? = nil,
        maxTokens: Int? = nil,
        minTokens: Int? = nil,
        logprobs: Int? = nil,
        promptLogprobs: Int? = nil,
        logitBias: [TokenID: Double]? = nil,
        allowedTokenIDs: [TokenID]? = nil,
        badWords: [String]? = nil,
        skipSpecialTokens: Bool? = nil,
        spacesBetweenSpecialTokens: Bool? = nil,
        truncatePromptTokens: Int? = nil,
        repetitionDetection: RepetitionDetection? = nil
    ) throws(SamplingError) {
        self.n = try SamplingRules.integer(n, in: 1...Self.maxN, field: "n", remedy: "send several requests")
        self.presencePenalty = try SamplingRules.additivePenalty(presencePenalty, field: "presence_penalty")
        self.frequencyPenalty = try SamplingRules.additivePenalty(frequencyPenalty, field: "frequency_penalty")
        self.repetitionPenalty = try SamplingRules.repetitionPenalty(repetitionPenalty, field: "repetition_penalty")
        self.temperature = try SamplingRules.temperature(temperature, field: "temperature")
        self.topP = try SamplingRules.share(topP, field: "top_p")
        self.topK = try SamplingRules.topK(topK, field: "top_k")
        self.minP = try SamplingRules.minP(minP, field: "min_p")
        self.typicalP = try SamplingRules.share(typicalP, field: "typical_p")
        self.topNSigma = try SamplingRules.topNSigma(topNSigma)
        self.dynatempRange = try SamplingRules.number(
            dynatempRange, in: 0...2, field: "dynatemp_range", remedy: "use 0 for a fixed temperature")
        self.dynatempExponent = try SamplingRules.nonNegative(
            dynatempExponent, field: "dynatemp_exponent", remedy: "use 1 for a straight line")
        self.xtcProbability = try SamplingRules.number(
            xtcProbability, in: 0...1, field: "xtc_probability", remedy: "use 0 for no XTC")
        self.xtcThreshold = try SamplingRules.number(
            xtcThreshold, in: 0...1, field: "xtc_threshold", remedy: "0.1 is usual")
        self.mirostat = try SamplingRules.mirostat(mirostat)
        self.mirostatTau = try SamplingRules.number(
            mirostatTau, in: 0...100, field: "mirostat_tau", remedy: "5 is usual")
        self.mirostatEta = try SamplingRules.number(
            mirostatEta, in: 0...1, field: "mirostat_eta", remedy: "0.1 is usual")
        self.dryMultiplier = try SamplingRules.nonNegative(
            dryMultiplier, field: "dry_multiplier", remedy: "use 0 for no DRY")
        self.dryBase = try SamplingRules.dryBase(dryBase)
        self.dryAllowedLength = try SamplingRules.count(
            dryAllowedLength, atLeast: 1, field: "dry_allowed_length", remedy: "2 is usual")
        self.dryPenaltyLastN = try SamplingRules.count(
            dryPenaltyLastN, atLeast: -1, field: "dry_penalty_last_n", remedy: "use -1 for all tokens, 0 for none")
        self.drySequenceBreakers = try SamplingRules.texts(
            drySequenceBreakers, atMost: Self.maxDrySequenceBreakers, bytes: Self.maxDrySequenceBreakerBytes,
            field: "dry_sequence_breakers")
        self.seed = seed == -1 ? nil : seed
        self.stop = try SamplingRules.texts(
            stop, atMost: Self.maxStops, bytes: Self.maxTextBytes, field: "stop")
        self.stopTokenIDs = try SamplingRules.tokenIDs(
            stopTokenIDs, atMost: Self.maxStopTokenIDs, field: "stop_token_ids")
        self.includeStopStrInOutput = includeStopStrInOutput
        self.ignoreEOS = ignoreEOS
        self.maxTokens = try SamplingRules.count(
            maxTokens, atLeast: 1, field: "max_tokens", remedy: "leave it out to use all the room there is")
        self.minTokens = try SamplingRules.count(
            minTokens, atLeast: 0, field: "min_tokens", remedy: "use 0 for no minimum")
        self.logprobs = try SamplingRules.integer(
            logprobs, in: 0...Self.maxLogprobs, field: "logprobs", remedy: "ask for fewer alternatives")
        self.promptLogprobs = try SamplingRules.integer(
            promptLogprobs, in: 0...Self.maxLogprobs, field: "prompt_logprobs", remedy: "ask for fewer alternatives")
        self.logitBias = try SamplingRules.logitBias(logitBias)
        self.allowedTokenIDs = try SamplingRules.allowedTokenIDs(allowedTokenIDs)
        self.badWords = try SamplingRules.texts(
            badWords, atMost: Self.maxBadWords, bytes: Self.maxTextBytes, field: "bad_words")
        self.skipSpecialTokens = skipSpecialTokens
        self.spacesBetweenSpecialTokens = spacesBetweenSpecialTokens
        self.truncatePromptTokens = try SamplingRules.truncation(truncatePromptTokens)
        self.repetitionDetection = repetitionDetection
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
}

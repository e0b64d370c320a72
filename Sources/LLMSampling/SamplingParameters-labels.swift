extension SamplingParameters {
    /// Checks every parameter that is given; one that has no label here is set in a ``SamplingDraft``.
    ///
    /// - Throws: ``SamplingError`` as for a draft.
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
        repetitionDetection: RepetitionDetection? = nil,
        epsilonCutoff: Double? = nil,
        etaCutoff: Double? = nil
    ) throws(SamplingError) {
        var draft = SamplingDraft()
        draft.n = n
        draft.presencePenalty = presencePenalty
        draft.frequencyPenalty = frequencyPenalty
        draft.repetitionPenalty = repetitionPenalty
        draft.temperature = temperature
        draft.topP = topP
        draft.topK = topK
        draft.minP = minP
        draft.typicalP = typicalP
        draft.topNSigma = topNSigma
        draft.dynatempRange = dynatempRange
        draft.dynatempExponent = dynatempExponent
        draft.xtcProbability = xtcProbability
        draft.xtcThreshold = xtcThreshold
        draft.mirostat = mirostat
        draft.mirostatTau = mirostatTau
        draft.mirostatEta = mirostatEta
        draft.dryMultiplier = dryMultiplier
        draft.dryBase = dryBase
        draft.dryAllowedLength = dryAllowedLength
        draft.dryPenaltyLastN = dryPenaltyLastN
        draft.drySequenceBreakers = drySequenceBreakers
        draft.seed = seed
        draft.stop = stop
        draft.stopTokenIDs = stopTokenIDs
        draft.includeStopStrInOutput = includeStopStrInOutput
        draft.ignoreEOS = ignoreEOS
        draft.maxTokens = maxTokens
        draft.minTokens = minTokens
        draft.logprobs = logprobs
        draft.promptLogprobs = promptLogprobs
        draft.logitBias = logitBias
        draft.allowedTokenIDs = allowedTokenIDs
        draft.badWords = badWords
        draft.skipSpecialTokens = skipSpecialTokens
        draft.spacesBetweenSpecialTokens = spacesBetweenSpecialTokens
        draft.truncatePromptTokens = truncatePromptTokens
        draft.repetitionDetection = repetitionDetection
        draft.epsilonCutoff = epsilonCutoff
        draft.etaCutoff = etaCutoff
        try self.init(draft)
    }
}

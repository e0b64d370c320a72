extension SamplingParameters {
    /// Ids of a text, without BOS and EOS.
    public typealias Tokenize = (_ text: String) throws -> [TokenID]

    /// Decides every field: the request's value, then the model's default, then vLLM's default, or llama.cpp's where
    /// vLLM has no such field.
    ///
    /// Each field is decided by itself. So a request that sets a temperature samples even if the model's default is
    /// greedy, with the model's other defaults; and a request that sets only `topP` stays greedy on such a model.
    /// Greedy, by whatever way, turns off all that comes after the highest logit is known. Mirostat turns off the
    /// filters that the model recommends, not those that the request sets itself. EOS ids outside the vocabulary are
    /// dropped, for they cannot be generated.
    ///
    /// - Parameters:
    ///   - defaults: the model's recommendations.
    ///   - vocabularySize: logits in a row.
    ///   - eosTokenIDs: the tokens the model ends a text with.
    ///   - seedIfUnset: the seed where the request gives none.
    ///   - tokenize: the model's tokenizer; nil where it has none. Only `bad_words` and DRY need it.
    /// - Throws: ``SamplingError`` if a token is not in the vocabulary, if several samples are asked of a greedy
    ///   request, if a text needs a tokenizer and there is none, or if `tokenize` throws.
    public func resolved(
        defaults: SamplingParameters = .unset,
        vocabularySize: Int,
        eosTokenIDs: [TokenID] = [],
        seedIfUnset: @autoclosure () -> Int64 = SamplingParameters.randomSeed(),
        tokenize: Tokenize? = nil
    ) throws(SamplingError) -> ResolvedSampling {
        let request = self
        let texts = TextResolution(tokenize: tokenize, vocabularySize: vocabularySize)
        try texts.check(request.stopTokenIDs ?? [], field: "stop_token_ids")
        try texts.check(request.allowedTokenIDs ?? [], field: "allowed_token_ids")
        try texts.check(request.logitBias.map { Array($0.keys) } ?? [], field: "logit_bias")
        let isGreedy = (request.temperature ?? defaults.temperature) == 0
        if let n = request.n, n > 1, isGreedy {
            throw SamplingError(
                .outOfRange, field: "n", problem: "\(n) samples at temperature 0 are all the same, the range is [1, 1]",
                remedy: "use 1, or a temperature above 0")
        }
        let usesMirostat = !isGreedy && request.mirostat == 2
        var resolved = SamplingDraft()
        for row in SamplingTable.rows where !(row.isFilter && isGreedy) {
            let recommended = row.isFilter && usesMirostat ? nil : defaults.values[row.name]
            resolved.values[row.name] = values[row.name] ?? recommended
        }
        // What a model recommends gives way to the other bound that a request sets.
        resolved.maxTokens = request.maxTokens ?? defaults.maxTokens.map { max($0, request.minTokens ?? 0) }
        resolved.minTokens = request.minTokens ?? defaults.minTokens.map { min($0, resolved.maxTokens ?? Int.max) }
        if let threshold = request.xtcThreshold, threshold > 0.5 { resolved.xtcProbability = nil }
        if request.dryPenaltyLastN == 0 { resolved.dryMultiplier = nil }
        let usesDry = resolved.dryMultiplier ?? 0 > 0
        let breakers = request.drySequenceBreakers ?? SamplingTable.shared.drySequenceBreakers.resolved(nil)
        let eosTokens = eosTokenIDs.filter { $0 >= 0 && Int($0) < vocabularySize }
        let stopTokens = Set(request.stopTokenIDs ?? [])
        if let allowed = request.allowedTokenIDs, let least = resolved.minTokens, least > 0,
            stopTokens.union(eosTokens).isSuperset(of: allowed)
        {
            throw SamplingError(
                .conflict, field: "min_tokens",
                problem:
                    "\(least) tokens are to come before the output may end, and every one of allowed_token_ids ends it",
                remedy: "allow a token that does not, or set min_tokens to 0")
        }
        return ResolvedSampling(
            resolved.values,
            seed: request.seed ?? seedIfUnset(),
            drySequenceBreakers: usesDry ? try texts.drySequenceBreakers(breakers) : [],
            badWords: try texts.badWords(request.badWords ?? []),
            endTokenIDs: stopTokens.union(request.ignoreEOS == true ? [] : eosTokens),
            maskedTokenIDs: stopTokens.union(eosTokens))
    }
}

/// The fields of a request that are texts for the sampler, as tokens of one vocabulary.
private struct TextResolution {
    let tokenize: SamplingParameters.Tokenize?
    let vocabularySize: Int

    func check(_ ids: [TokenID], field: String) throws(SamplingError) {
        guard let unknown = ids.filter({ Int($0) >= vocabularySize || $0 < 0 }).min() else { return }
        throw SamplingError(
            .notInVocabulary, field: field,
            problem: "\(unknown) is not in the vocabulary, whose range is [0, \(vocabularySize - 1)]",
            remedy: "use ids of this model's tokenizer")
    }

    /// Each word as it begins a text, and as it comes after a space where that has as many tokens and another first
    /// one: vLLM's rule, for which such a variant is a word of its own.
    func badWords(_ words: [String]) throws(SamplingError) -> [[TokenID]] {
        let field = "bad_words"
        var sequences: [[TokenID]] = []
        for word in words {
            let word = String(word.drop(while: \.isWhitespace))
            let bare = try ids(of: word, field: field)
            let spaced = try ids(of: " " + word, field: field)
            sequences.append(bare)
            if spaced.count == bare.count && spaced.first != bare.first { sequences.append(spaced) }
        }
        guard sequences.count <= SamplingParameters.maxBadWords else {
            throw SamplingError(
                .outOfRange, field: field,
                problem: "\(sequences.count) token sequences, with and without a space, are not in the range "
                    + "[0, \(SamplingParameters.maxBadWords)]",
                remedy: "send fewer words")
        }
        return sequences
    }

    /// Each breaker as it stands inside a text: what its tokens add to those of a letter before it; its last token,
    /// where the letter is not left by itself.
    func drySequenceBreakers(_ breakers: [String]) throws(SamplingError) -> [[TokenID]] {
        let field = "dry_sequence_breakers"
        guard !breakers.isEmpty else { return [] }
        let letter = try ids(of: "a", field: field)
        var sequences: [[TokenID]] = []
        for breaker in breakers {
            let joined = try ids(of: "a" + breaker, field: field)
            let added = joined.starts(with: letter) ? Array(joined.dropFirst(letter.count)) : []
            sequences.append(added.isEmpty ? [joined[joined.count - 1]] : added)
        }
        return sequences
    }

    private func ids(of text: String, field: String) throws(SamplingError) -> [TokenID] {
        guard let tokenize else {
            throw SamplingError(
                .unsupported, field: field, problem: "the model has no tokenizer to find the tokens of \(quoted(text))",
                remedy: field == "bad_words" ? "mask ids by logit_bias -100 instead" : "send an empty list")
        }
        let ids: [TokenID]
        do {
            ids = try tokenize(text)
        } catch {
            throw SamplingError(
                .outOfRange, field: field, problem: "\(quoted(text)) cannot be tokenized: \(error)",
                remedy: "change the text")
        }
        guard !ids.isEmpty else {
            throw SamplingError(
                .outOfRange, field: field, problem: "\(quoted(text)) has no token", remedy: "remove it")
        }
        try check(ids, field: field)
        return ids
    }

    private func quoted(_ text: String) -> String { text.debugDescription }
}

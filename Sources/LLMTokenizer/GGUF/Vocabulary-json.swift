extension PipelineTokenizer {
    /// Whether words are merged from plain bytes.
    var isByteLevel: Bool { if case .bpe(let bpe) = parts.model { bpe.isByteLevel } else { false } }

    /// The vocabulary that means the same in a GGUF file: of the kind `gpt2` where words are merged from bytes, else
    /// `llama`.
    ///
    /// - Throws: where there is none, what cannot be said.
    func vocabulary() throws(Damage) -> Vocabulary {
        guard case .bpe(let bpe) = parts.model else {
            throw .inexpressible("its model is not BPE, and there is no tokenizer.model beside it")
        }
        let merges = bpe.merges.ranked
        var vocabulary = Vocabulary(model: bpe.isByteLevel ? "gpt2" : "llama", tokens: [])
        try appendTokens(&vocabulary)
        if bpe.isByteLevel {
            vocabulary.preTokenizer = try preTokenizerName(bpe)
            for (left, right, _) in merges {
                vocabulary.merges.append(spelling(left) + [0x20] + spelling(right))
            }
        } else {
            vocabulary.addsSpacePrefix = try addsSpacePrefix(bpe)
            try score(&vocabulary, bpe, merges)
        }
        try setEnds(&vocabulary)
        return vocabulary
    }

    /// BOS and EOS, and whether they are put around a text.
    func setEnds(_ vocabulary: inout Vocabulary) throws(Damage) {
        let (prefix, suffix) = (parts.postProcessor.prefix, parts.postProcessor.suffix)
        vocabulary.bos = parts.bos ?? (prefix.count == 1 ? prefix[0] : nil)
        vocabulary.eos = parts.eos ?? (suffix.count == 1 ? suffix[0] : nil)
        for (ids, end, name) in [(prefix, vocabulary.bos, "BOS"), (suffix, vocabulary.eos, "EOS")] {
            guard ids.isEmpty || ids == [end] else {
                throw .inexpressible(
                    "its post_processor puts tokens \(ids) around a text, where GGUF files have \(name)")
            }
        }
        vocabulary.addsBOS = !prefix.isEmpty
        vocabulary.addsEOS = !suffix.isEmpty
    }

    private func spelling(_ id: TokenID) -> [UInt8] { parts.tokens.spelling(Int(id)).map(Array.init) ?? [] }

    private func appendTokens(_ vocabulary: inout Vocabulary) throws(Damage) {
        for id in 0..<vocabularySize {
            if let token = parts.added.tokens[TokenID(id)] {
                guard !token.stripsLeft, !token.stripsRight, !token.isSingleWord else {
                    throw .inexpressible(
                        "its added token \(token.content.quoted) has lstrip, rstrip or single_word",
                        remedy: "clear them in tokenizer.json")
                }
                guard !token.isNormalized || !containsOther(token) else {
                    throw .inexpressible(
                        "its added token \(token.content.quoted) is normalized and contains another, which comes first")
                }
                vocabulary.tokens.append(Array(token.content.utf8))
                vocabulary.types.append(token.isSpecial ? 3 : 4)
            } else if let spelling = parts.tokens.spelling(id) {
                vocabulary.tokens.append(Array(spelling))
                vocabulary.types.append(1)
            } else {
                vocabulary.pad(to: id + 1)
            }
        }
    }

    /// Whether a token that is looked for before all that are normalized is a part of this one.
    private func containsOther(_ token: AddedToken) -> Bool {
        parts.added.tokens.values.contains { other in
            !other.isNormalized && Array(token.content.utf8).firstRange(of: Array(other.content.utf8)) != nil
        }
    }

    // MARK: gpt2

    private func preTokenizerName(_ bpe: BPE) throws(Damage) -> String {
        let composes: Bool
        switch parts.normalizer {
        case nil: composes = false
        case .form(.nfc)?: composes = true
        case .sequence(let steps)? where steps.isEmpty: composes = false
        default: throw .inexpressible("its normalizer is not NFC or none")
        }
        guard let patterns = parts.preTokenizer.map(\.isolatedPatterns) ?? [] else {
            throw .inexpressible("its pre_tokenizer does more than to isolate what patterns match")
        }
        let row = GGUFPreTokenizer.all.first { _, rules in
            rules.patterns == patterns && rules.ignoresMerges == bpe.options.ignoresMerges && rules.composes == composes
        }
        guard let name = row?.names.first else {
            throw .inexpressible("its pre_tokenizer \(patterns) is none that GGUF files have a name for")
        }
        return name
    }

    // MARK: llama

    private static let space: [UInt8] = Array("\u{2581}".utf8)

    /// Whether a space is put in front of a text, as SentencePiece does; spaces become `▁`.
    private func addsSpacePrefix(_ bpe: BPE) throws(Damage) -> Bool {
        guard bpe.options.fallsBackToBytes, bpe.options.continuingPrefix.isEmpty, bpe.options.wordSuffix.isEmpty else {
            throw .inexpressible("its BPE model is neither over bytes nor with byte_fallback")
        }
        switch (parts.normalizer, parts.preTokenizer) {
        case (.sequence(let steps)?, nil):
            if steps.count == 2, case .prepend(Self.space) = steps[0],
                case .replace(.text([0x20]), Self.space) = steps[1]
            {
                return true
            }
        case (.replace(.text([0x20]), Self.space)?, nil): return false
        case (nil, .metaspace(let metaspace)?): return metaspace.prependScheme != .never
        default: break
        }
        throw .inexpressible("its normalizer and pre_tokenizer are not SentencePiece's")
    }

    /// Scores that have the pieces joined in the order of the merges.
    private func score(
        _ vocabulary: inout Vocabulary, _ bpe: BPE, _ merges: [(left: Int32, right: Int32, id: Int32)]
    ) throws(Damage) {
        vocabulary.scores = Array(repeating: -Float(merges.count), count: vocabulary.tokens.count)
        var isMerged = Array(repeating: false, count: vocabulary.tokens.count)
        for (rank, merge) in merges.enumerated() where !isMerged[Int(merge.id)] {
            vocabulary.scores[Int(merge.id)] = -Float(rank)
            isMerged[Int(merge.id)] = true
        }
        vocabulary.unknown = bpe.options.unknown.flatMap(parts.tokens.id)
        for (id, token) in vocabulary.tokens.enumerated() {
            if TokenID(id) == vocabulary.unknown {
                vocabulary.types[id] = 2
            } else if ByteToken.byte(token) != nil {
                vocabulary.types[id] = 6
            } else if vocabulary.types[id] == 1, !isMerged[id], token.count > UTF8Text.length(token.first ?? 0) {
                // No merge makes it, so that no text becomes it.
                vocabulary.types[id] = 5
            }
        }
    }
}

extension PreTokenizer {
    /// The patterns whose matches are cut out, step by step; nil where a step does anything else.
    fileprivate var isolatedPatterns: [String]? {
        switch self {
        case .sequence(let steps):
            var patterns: [String] = []
            for step in steps {
                guard let own = step.isolatedPatterns else { return nil }
                patterns += own
            }
            return patterns
        case .byteLevel(addsPrefixSpace: false, let splits): return splits ? [PreTokenizer.gpt2Pattern] : []
        case .split(.regex(let regex), .isolated, _), .split(.regex(let regex), .removed, isInverted: true):
            return [regex.source]
        case .split(.set(CharacterClasses.number), .isolated, isInverted: false): return [#"\p{N}"#]
        case .split(.set(CharacterClasses.number), .contiguous, isInverted: false): return [#"\p{N}+"#]
        default: return nil
        }
    }
}

extension Damage {
    /// What a GGUF vocabulary cannot say.
    static func inexpressible(
        _ reason: String, remedy: String = "use a model whose tokenizer GGUF files can have"
    ) -> Damage {
        Damage(reason, code: .unsupported, remedy: remedy)
    }
}

import LLMJSON

extension Vocabulary {
    /// The steps that a vocabulary of the kind `gpt2` or `gemma4` means.
    func pipeline() throws(Damage) -> PipelineTokenizer.Parts {
        var table = TokenTable(capacity: tokens.count)
        for (id, token) in tokens.enumerated() {
            guard String(validating: token, as: UTF8.self) != nil else {
                throw Damage("token \(id) is not valid UTF-8")
            }
            // Of equal tokens the last counts.
            try table.insert(token[...], id: id, replaces: true)
        }
        var list = MergeList()
        for merge in merges { try list.append(merge) }
        let merges = try list.table(table, continuingPrefix: "")
        var parts = model == "gemma4" ? try spaced(table, merges) : try byteLevel(table, merges)
        for (id, token) in try matched() { parts.added.set(token, id: id) }
        parts.bos = bos
        parts.eos = eos
        if addsEOS == true, let eos { parts.postProcessor.suffix = [eos] }
        return parts
    }

    private func byteLevel(_ table: TokenTable, _ merges: MergeTable) throws(Damage) -> PipelineTokenizer.Parts {
        let name = preTokenizer ?? "default"
        guard let rules = GGUFPreTokenizer.named(name) else {
            throw Damage("tokenizer.ggml.pre is \(name.quoted), which is not known", code: .unsupported)
        }
        var options = BPE.Options()
        options.ignoresMerges = rules.ignoresMerges
        var parts = PipelineTokenizer.Parts(
            tokens: table, model: .bpe(try BPE(try table.plain(), merges, options, isByteLevel: true)))
        parts.readsBytes = true
        var steps: [PreTokenizer] = []
        for pattern in rules.patterns {
            steps.append(.split(.regex(try RegexPattern(pattern)), .isolated, isInverted: false))
        }
        parts.preTokenizer = .sequence(steps)
        if rules.composes { parts.normalizer = .form(.nfc) }
        parts.decoder = .byteLevel
        if addsBOS ?? rules.addsBOS, let bos { parts.postProcessor.prefix = [bos] }
        return parts
    }

    private func spaced(_ table: TokenTable, _ merges: MergeTable) throws(Damage) -> PipelineTokenizer.Parts {
        var options = BPE.Options()
        options.unknown = try unknown.map { (id) throws(Damage) in try text(Int(id)) }
        options.fusesUnknown = true
        options.fallsBackToBytes = true
        var parts = PipelineTokenizer.Parts(tokens: table, model: .bpe(try BPE(table, merges, options)))
        parts.normalizer = .replace(.text([0x20]), Array("\u{2581}".utf8))
        parts.preTokenizer = .split(.regex(try RegexPattern(#"[^\n]+|\n+"#)), .isolated, isInverted: false)
        parts.decoder = .byteFallback
        if addsBOS ?? true, let bos { parts.postProcessor.prefix = [bos] }
        return parts
    }
}

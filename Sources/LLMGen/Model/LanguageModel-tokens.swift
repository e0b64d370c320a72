import LLMTokenizer

/// Texts and pairs of texts as token ids, cut where that was asked for.
extension LanguageModel {
    /// The token ids of a prompt, at most `limit` of them: the first ones, and of a text the special ones at its end, as
    /// tokenizers of Hugging Face truncate.
    func tokens(of prompt: Prompt, cutTo limit: Int?) throws(LLMGenError) -> [TokenID] {
        let tokens = try tokens(of: prompt)
        guard let limit, tokens.count > limit else { return tokens }
        guard case .text = prompt else { return Array(tokens.prefix(limit)) }
        let plain = try self.tokens(of: prompt, addSpecialTokens: false)
        let added = tokens.count - plain.count
        let before = (0...max(0, added)).first { tokens.dropFirst($0).starts(with: plain) } ?? 0
        return try LanguageModel.cut(
            tokens[before..<tokens.count - (added - before)], before: tokens[..<before],
            after: tokens.suffix(added - before), to: limit)
    }

    /// Tokens of what is put before a text, without a special one at their end, which belongs behind the text.
    func promptLength(_ text: String) throws(LLMGenError) -> Int {
        guard !text.isEmpty else { return 0 }
        let tokens = try tokens(of: .text(text))
        guard let last = tokens.last, tokenizer?.isSpecial(last) == true else { return tokens.count }
        return tokens.count - 1
    }

    /// The token ids of a pair of texts, at most `limit` of them, and the type of each where the model tells them apart.
    func tokens(
        of pair: TextPair, _ instruction: String?, _ writing: PairFormat.Writing, cutTo limit: Int?
    ) throws(LLMGenError) -> (ids: [TokenID], types: [Int32]?) {
        let template: PairTemplate
        switch writing {
        case .joined:
            try LanguageModel.refuse(instruction)
            return try joined(pair, cutTo: limit)
        case .chat(let score):
            let ids = try tokens(of: prompt(for: score.input(pair, instruction)))
            guard limit.map({ ids.count <= $0 }) ?? true else {
                throw LLMGenError(
                    code: .contextLengthExceeded,
                    message:
                        "the pair has \(ids.count) tokens as the chat template writes it, and truncate_prompt_tokens"
                        + " leaves \(limit ?? 0); what a template has written is not cut: shorten the document",
                    field: "truncate_prompt_tokens")
            }
            return (ids, nil)
        case .template(let own): template = own
        }
        let parts = template.parts(pair, instruction)
        let before = try tokens(of: .text(parts.before), addSpecialTokens: false)
        let text = try tokens(of: .text(parts.text), addSpecialTokens: false)
        let after = try tokens(of: .text(parts.after), addSpecialTokens: false)
        return (try LanguageModel.cut(text[...], before: before[...], after: after[...], to: limit ?? .max), nil)
    }

    /// Refuses an instruction to a model that is told none.
    static func refuse(_ instruction: String?) throws(LLMGenError) {
        guard instruction != nil else { return }
        throw LLMGenError(
            code: .invalidArgument,
            message: "instruction is given, and this model is told none; leave it out",
            field: "instruction")
    }

    /// A pair as the tokenizer joins it; of one that is too long the longer text is cut first (`longest_first` of Hugging
    /// Face's tokenizers).
    private func joined(_ pair: TextPair, cutTo limit: Int?) throws(LLMGenError) -> (ids: [TokenID], types: [Int32]?) {
        guard let tokenizer else {
            // Which is refused as any text is.
            return (try tokens(of: .text(pair.query + pair.document)), nil)
        }
        do {
            var query = try tokenizer.encode(pair.query, addSpecialTokens: false)[...]
            var document = try tokenizer.encode(pair.document, addSpecialTokens: false)[...]
            if let limit {
                let added = try tokenizer.pair([], []).ids.count
                let (one, other) = try LanguageModel.shares(query.count, document.count, of: limit, added: added)
                (query, document) = (query.prefix(one), document.prefix(other))
            }
            let joined = try tokenizer.pair(Array(query), Array(document))
            _ = try tokens(of: .tokenIDs(joined.ids))
            if case .encoder(let encoder) = network, encoder.tokenTypeCount > 1,
                let unknown = joined.types.first(where: { $0 >= encoder.tokenTypeCount })
            {
                throw LLMGenError(
                    code: .invalidInput,
                    message: "the tokenizer's files give a token of a pair the type \(unknown), and this model has"
                        + " \(encoder.tokenTypeCount) types; check that they belong to this model")
            }
            return (joined.ids, joined.types)
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw LLMGenError(code: .invalidInput, message: "\(error)", cause: error)
        }
    }

    /// Tokens that two texts of these lengths have where with the `added` ones they are no more than `limit`.
    static func shares(
        _ one: Int, _ other: Int, of limit: Int, added: Int
    ) throws(LLMGenError) -> (Int, Int) {
        let room = limit - added
        guard room > 1 else { throw LLMGenError(noRoomIn: limit, beside: added) }
        guard one + other > room else { return (one, other) }
        let shorter = min(one, other, room / 2)
        return one <= other ? (shorter, room - shorter) : (room - shorter, shorter)
    }

    /// What is before and after a text, and the first tokens of it that there is room for between them.
    private static func cut(
        _ text: ArraySlice<TokenID>, before: ArraySlice<TokenID>, after: ArraySlice<TokenID>, to limit: Int
    ) throws(LLMGenError) -> [TokenID] {
        let room = limit - before.count - after.count
        guard room > 0 else { throw LLMGenError(noRoomIn: limit, beside: before.count + after.count) }
        return Array(before + text.prefix(room) + after)
    }
}

extension LLMGenError {
    fileprivate init(noRoomIn limit: Int, beside added: Int) {
        self.init(
            code: .invalidArgument,
            message:
                "truncate_prompt_tokens leaves \(limit) token\(limit == 1 ? "" : "s"), and the \(added) around the text"
                + " must be among them; give it more", field: "truncate_prompt_tokens")
    }
}

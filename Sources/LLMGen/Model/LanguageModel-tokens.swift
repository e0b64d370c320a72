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

    /// The token ids of a pair of texts, at most `limit` of them.
    func tokens(
        of pair: TextPair, _ instruction: String?, _ template: PairTemplate?, cutTo limit: Int?
    ) throws(LLMGenError) -> (ids: [TokenID], secondText: Int?) {
        guard let template else {
            fatalError()
        }
        let parts = template.parts(pair, instruction)
        let before = try tokens(of: .text(parts.before), addSpecialTokens: false)
        let text = try tokens(of: .text(parts.text), addSpecialTokens: false)
        let after = try tokens(of: .text(parts.after), addSpecialTokens: false)
        return (try LanguageModel.cut(text[...], before: before[...], after: after[...], to: limit ?? .max), nil)
    }

    /// What is before and after a text, and the first tokens of it that there is room for between them.
    private static func cut(
        _ text: ArraySlice<TokenID>, before: ArraySlice<TokenID>, after: ArraySlice<TokenID>, to limit: Int
    ) throws(LLMGenError) -> [TokenID] {
        let room = limit - before.count - after.count
        guard room > 0 else {
            throw LLMGenError(
                code: .invalidArgument,
                message:
                    "truncate_prompt_tokens leaves \(limit) tokens, and the \(before.count + after.count) around the text"
                    + " must be among them; give it more", field: "truncate_prompt_tokens")
        }
        return Array(before + text.prefix(room) + after)
    }
}

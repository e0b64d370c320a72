extension TokenVocabulary {
    /// Whether a token is of a set. End tokens are of none: they end.
    func contains(_ token: Int32, in set: TokenSet) -> Bool {
        guard token >= 0, Int(token) < count, !endTokens.contains(token) else { return false }
        switch set {
        case .of(let tokens): return tokens.contains(token)
        case .textBut(let tokens): return !bytes[Int(token)].isEmpty && !tokens.contains(token)
        }
    }

    /// Adds the tokens of a set to a mask.
    func add(_ set: TokenSet, to mask: inout TokenMask) {
        switch set {
        case .of(let tokens): for token in tokens where contains(token, in: set) { mask.insert(token) }
        case .textBut(let tokens):
            var all = textMask
            for token in tokens where all.contains(token) { all.words[Int(token) >> 6] &= ~(1 << UInt64(token & 63)) }
            mask.formUnion(all)
        }
    }
}

/// Which tokens may come next, as who knows the format of an output says: bit `t % 64` of word `t / 64` for token `t`; no
/// token beyond the last word.
public struct TokenMask: Sendable, Hashable {
    /// The bits.
    public var words: [UInt64]

    /// The mask with these bits.
    public init(words: [UInt64]) { self.words = words }

    /// Whether the token may come.
    public func contains(_ token: TokenID) -> Bool {
        guard token >= 0, Int(token) / 64 < words.count else { return false }
        return words[Int(token) / 64] >> UInt64(token % 64) & 1 != 0
    }

    /// The mask without these tokens; the same where it has no others.
    func sparing(_ tokens: Set<TokenID>) -> TokenMask {
        var rest = self
        for token in tokens where contains(token) { rest.words[Int(token) / 64] &= ~(1 << UInt64(token % 64)) }
        return rest.words.contains { $0 != 0 } ? rest : self
    }
}

extension SamplingStep {
    /// Masks every token that the format of the output does not allow.
    ///
    /// `min_tokens` and `ignore_eos` hold back end tokens as long as the format allows another one: an output with nothing
    /// more to say ends all the same.
    static let outputFormat = SamplingStep(
        name: "structured_outputs",
        stage: .logits,
        changesArgmax: true,
        isOn: { _ in true },
        apply: { candidates, context in
            guard let mask = context.mask else { return }
            let parameters = context.parameters
            let isShort = context.history.output.count < parameters.minTokens
            let held =
                isShort ? parameters.maskedTokenIDs : parameters.maskedTokenIDs.subtracting(parameters.endTokenIDs)
            candidates.keep(only: held.isEmpty ? mask : mask.sparing(held))
        })
}

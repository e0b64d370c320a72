import LLMGrammar
package import LLMSampling

/// How far one sample's output has followed its format. It is worked on by one thread at a time: that which takes the
/// sample's row in a step, or the engine's between steps.
package final class OutputConstraint: @unchecked Sendable {
    /// Whether the output has ended, so that no token may follow.
    package private(set) var isFinished = false
    private var matcher: GrammarMatcher
    private var mask: LLMGrammar.TokenMask
    /// The request's own stop tokens, which end the output where it is complete, and come nowhere else.
    private let stopTokens: Set<TokenID>
    private let fuel: Int

    /// - Parameters:
    ///   - matcher: one before the first token.
    ///   - endTokens: the tokens that end the request's output.
    ///   - fuel: steps of work that a mask may take in one step of the engine, some milliseconds; more waits for the next.
    init(_ matcher: GrammarMatcher, endTokens: Set<TokenID>, fuel: Int = 400_000) {
        self.fuel = fuel
        self.matcher = matcher
        mask = LLMGrammar.TokenMask(count: matcher.grammar.vocabulary.count)
        stopTokens = endTokens.subtracting(matcher.grammar.vocabulary.endTokens)
    }

    /// The tokens that may come next; nil where finding them takes longer than a step may, to go on with the next call.
    package func nextMask() throws(LLMGenError) -> LLMSampling.TokenMask? {
        do throws(GrammarError) {
            guard case .ready = try matcher.mask(into: &mask, fuel: fuel) else { return nil }
            guard !stopTokens.isEmpty else { return LLMSampling.TokenMask(words: mask.words) }
            var words = mask.words
            let isComplete = try matcher.isComplete()
            for token in stopTokens where Int(token) / 64 < words.count {
                let bit = UInt64(1) << UInt64(token % 64)
                if isComplete { words[Int(token) / 64] |= bit } else { words[Int(token) / 64] &= ~bit }
            }
            guard words.contains(where: { $0 != 0 }) else {
                throw GrammarError(
                    .unsatisfiable, "the output can go on with tokens of stop_token_ids only; leave those out")
            }
            return LLMSampling.TokenMask(words: words)
        } catch {
            throw Self.fault(error)
        }
    }

    /// Goes on by a token of the mask.
    func accept(_ token: TokenID) throws(LLMGenError) {
        if stopTokens.contains(token) {
            isFinished = true
            return
        }
        do throws(GrammarError) {
            try matcher.accept(token)
            isFinished = matcher.isFinished
        } catch {
            throw Self.fault(error)
        }
    }

    private static func fault(_ error: GrammarError) -> LLMGenError {
        LLMGenError(
            code: .invalidInput, message: "the output's format cannot be followed further: \(error.message)",
            cause: error, field: "structured_outputs")
    }
}

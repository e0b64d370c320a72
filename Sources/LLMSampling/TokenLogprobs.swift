/// A token and the logarithm of its probability.
public struct TokenLogprob: Sendable, Hashable {
    /// The token.
    public let tokenID: TokenID
    /// The natural logarithm of its probability; -infinity for a token the model rules out.
    public let logprob: Double

    /// A token with its log probability.
    public init(tokenID: TokenID, logprob: Double) {
        self.tokenID = tokenID
        self.logprob = logprob
    }
}

/// The model's own distribution where a token was chosen: before penalties, masks and temperature (vLLM's
/// `raw_logprobs`).
public struct TokenLogprobs: Sendable, Hashable {
    /// The token that was chosen.
    public let chosen: TokenLogprob
    /// As many of the most probable tokens as were asked for, most probable first, equal ones by ascending id.
    public let top: [TokenLogprob]
}

/// The log-softmax of a row just loaded, kept while its candidates are edited and filtered.
struct RawLogprobs {
    let highest: Float
    let logTotal: Double
    private(set) var top: [TokenLogprob] = []

    /// Reads the `topCount` most probable tokens. `candidates` has its highest logit.
    init(_ candidates: inout Candidates, topCount: Int) {
        highest = candidates.highest
        logTotal = PortableMath.log(candidates.totalWeight())
        top = candidates.indicesOfHighest(topCount).map { index in
            TokenLogprob(tokenID: candidates.id(at: index), logprob: logprob(ofLogit: candidates.logit(at: index)))
        }
    }

    /// The log probability of `token`, beside those of the most probable ones. `row` is the row that was loaded.
    func logprobs(of token: TokenID, in row: Span<Float>) -> TokenLogprobs {
        let logit = row[Int(token)].isNaN ? -Float.infinity : row[Int(token)]
        return TokenLogprobs(chosen: TokenLogprob(tokenID: token, logprob: logprob(ofLogit: logit)), top: top)
    }

    private func logprob(ofLogit logit: Float) -> Double {
        relativeLogit(logit, highest: highest, inverseTemperature: 1) - logTotal
    }
}

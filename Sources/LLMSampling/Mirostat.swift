extension SamplingStep {
    /// Keeps the tokens whose surprise, -log2 of the probability among the candidates left, is at most the sequence's
    /// mu; where none is, the most probable one.
    ///
    /// Basu et al., "Mirostat", 2021, algorithm 2, as in llama.cpp's `mirostat_v2`.
    static let mirostat = SamplingStep(
        name: "mirostat",
        stage: .candidates,
        changesArgmax: false,
        state: Mirostat.self,
        isOn: { $0.mirostat == 2 },
        apply: { candidates, context in
            guard let mirostat = context.history.state(Mirostat.self) else { return }
            let total = candidates.totalWeight()
            candidates.keepBest(orFrom: PortableMath.log(total) - mirostat.mu * PortableMath.log(2))
        })
}

/// What mirostat learns from the tokens that are drawn.
package struct Mirostat: StepState {
    private let tau: Double
    private let eta: Double
    private var mus: [Double]  // before the first token, and after each

    package init?(prompt: [TokenID], _ parameters: ResolvedSampling) {
        guard parameters.mirostat == 2 else { return nil }
        tau = parameters.mirostatTau
        eta = parameters.mirostatEta
        mus = [2 * tau]
    }

    /// The most surprise that it lets through, in bits; at first twice the surprise aimed at.
    package var mu: Double { mus[mus.count - 1] }

    /// Learns from the share that the token had of what was kept; from one that was not drawn, nothing.
    package mutating func append(_ token: SampledToken) {
        guard let share = token.share else { return mus.append(mu) }
        let surprise = -PortableMath.log(share) / PortableMath.log(2)
        mus.append(mu - eta * (surprise - tau))
    }

    package mutating func removeLast(_ tokens: ArraySlice<TokenID>) { mus.removeLast(tokens.count) }
}

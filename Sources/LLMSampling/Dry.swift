extension SamplingStep {
    /// Penalizes each token that would make a repetition longer: where the sequence's last k tokens, k at least
    /// `dry_allowed_length`, stand earlier in it and the token follows them there, its logit loses
    /// `dry_multiplier` × `dry_base`^(k - `dry_allowed_length`), with the longest such k.
    ///
    /// Looks at the last `dry_penalty_last_n` tokens of prompt and output. No repetition reaches back over a sequence
    /// breaker, and a breaker of one token is not penalized itself.
    ///
    /// p-e-w, "DRY: a modern repetition penalty", text-generation-webui #5677, 2024; the bound on the penalty,
    /// e^88.7 × multiplier, as in llama.cpp.
    static let dry = SamplingStep(
        name: "dry_multiplier",
        stage: .logits,
        changesArgmax: true,
        isOn: { $0.dryMultiplier > 0 },
        apply: { candidates, context in
            let parameters = context.parameters
            let logBase = PortableMath.log(parameters.dryBase)
            for (id, length) in Dry.repetitions(context.history, parameters) {
                let exponent = Double(length - parameters.dryAllowedLength) * logBase
                let penalty = parameters.dryMultiplier * PortableMath.exp(min(exponent, Dry.largestExponent))
                candidates.editLogit(of: id) { $0 - penalty }
            }
        })
}

/// The search behind DRY.
package enum Dry {
    /// The logarithm of the largest Float32.
    static let largestExponent = 88.7228391

    /// The tokens that would lengthen a repetition, with the longest that each would lengthen; O(window).
    package static func repetitions(
        _ history: SequenceHistory, _ parameters: ResolvedSampling
    ) -> [TokenID: Int] {
        let window = reversedWindow(history, length: parameters.dryPenaltyLastN)
        let breakers = parameters.drySequenceBreakers
        let longest = tokensSinceBreaker(window, breakers)
        guard longest >= parameters.dryAllowedLength else { return [:] }
        let matches = prefixMatches(window)
        var lengths: [TokenID: Int] = [:]
        for (index, match) in matches.enumerated().dropFirst() {
            let length = min(match, longest)
            guard length >= parameters.dryAllowedLength else { continue }
            lengths[window[index - 1], default: 0] = max(lengths[window[index - 1], default: 0], length)
        }
        for breaker in breakers where breaker.count == 1 { lengths[breaker[0]] = nil }
        return lengths
    }

    /// The last tokens of prompt and output, the newest first; -1 for all.
    private static func reversedWindow(_ history: SequenceHistory, length: Int) -> [TokenID] {
        let length = length < 0 ? Int.max : length
        let output = history.output.suffix(length)
        return output.reversed() + history.prompt.suffix(length - output.count).reversed()
    }

    /// How many tokens there are after the last breaker; all, where there is none.
    private static func tokensSinceBreaker(_ window: [TokenID], _ breakers: [[TokenID]]) -> Int {
        let reversedBreakers = breakers.map { Array($0.reversed()) }
        return window.indices.first { index in
            reversedBreakers.contains { $0[0] == window[index] && window[index...].starts(with: $0) }
        } ?? window.count
    }

    /// For each index, how many tokens from there on equal those from the beginning on (the Z-algorithm: Gusfield,
    /// "Algorithms on strings, trees and sequences", 1997, section 1.4).
    private static func prefixMatches(_ tokens: [TokenID]) -> [Int] {
        var matches = [Int](repeating: 0, count: tokens.count)
        var (start, end) = (0, 0)
        for index in tokens.indices.dropFirst() {
            var match = index < end ? min(end - index, matches[index - start]) : 0
            while index + match < tokens.count && tokens[match] == tokens[index + match] { match += 1 }
            matches[index] = match
            if index + match > end { (start, end) = (index, index + match) }
        }
        return matches
    }
}

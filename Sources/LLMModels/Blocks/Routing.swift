import LLMWeights

/// An expert chosen for a token, and what its output is multiplied by.
struct ChosenExpert: Sendable, Hashable {
    let index: Int
    let weight: Float
}

/// Which experts a token goes to, by what a router puts out for each of them.
struct Routing: Sendable {
    /// What is made of a router's outputs.
    enum Scores: Sendable {
        /// Probabilities.
        case softmax
        /// A number from 0 to 1 for each expert by itself (DeepSeek-V3).
        case sigmoid
    }

    /// Groups of neighbouring experts, of which the best alone are open to a token (DeepSeek-V2).
    struct Groups: Sendable {
        let all: Int
        let chosen: Int
        /// A group's score is the sum of so many of its best.
        let best: Int
    }

    let experts: Int
    /// Experts that a token takes.
    let chosen: Int
    var scores = Scores.softmax
    /// Added to the scores, for the choice alone (Wang et al. 2024); empty for none.
    var bias: [Float] = []
    /// nil where every expert is open to every token.
    var groups: Groups?
    /// Whether the weights of a token's experts are divided by their sum. Of probabilities this is the softmax over those
    /// that were chosen.
    var isNormalized = false
    /// What weights are multiplied by.
    var scale: Float = 1

    /// A token's experts by their scores, the best first.
    func callAsFunction(_ scores: [Float]) -> [ChosenExpert] {
        var ranks = bias.isEmpty ? scores : zip(scores, bias).map { $0 + $1 }
        if let groups {
            let size = experts / groups.all
            let sums = (0..<groups.all).map { group in
                let members = Array(ranks[group * size..<(group + 1) * size])
                return Routing.largest(groups.best, of: members).reduce(0) { $0 + members[$1] }
            }
            let kept = Set(Routing.largest(groups.chosen, of: sums))
            for index in ranks.indices where !kept.contains(index / size) { ranks[index] = -.infinity }
        }
        let best = Routing.largest(chosen, of: ranks)
        // Sigmoids can all be 0: transformers adds as much.
        let divisor = isNormalized ? best.reduce(0) { $0 + scores[$1] } + 1e-20 : 1
        return best.map { ChosenExpert(index: $0, weight: scores[$0] / divisor * scale) }
    }

    /// Where the `count` largest values are, the lower index first where they are equal.
    static func largest(_ count: Int, of values: [Float]) -> [Int] {
        var best: [Int] = []
        best.reserveCapacity(count + 1)
        for (index, value) in values.enumerated() {
            if best.count == count, let last = best.last, !(value > values[last]) { continue }
            var place = best.count
            while place > 0, value > values[best[place - 1]] { place -= 1 }
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}

extension Routing {
    /// The choice by scores alone, of as many experts as the usual keys say.
    ///
    /// - Parameters:
    ///   - experts: those that there are, where the config does not say.
    ///   - chosen: those that a token takes, where the config does not say.
    init(
        _ config: ConfigFile, experts: Int, chosen: Int, scores: Scores = .softmax, isNormalized: Bool
    ) throws(ModelError) {
        // transformers 5 knows either name.
        let named = config.named(["num_local_experts": "num_experts"])
        let experts = try named.integer("num_local_experts", in: 1...4096, default: experts)
        self.init(
            experts: experts,
            chosen: try config.integer("num_experts_per_tok", in: 1...experts, default: min(chosen, experts)),
            scores: scores, isNormalized: isNormalized)
    }
}

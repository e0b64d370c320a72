import Foundation
import LLMJSON
import LLMSampling

/// A request's parameters from just what a test cares about.
func resolve(
    _ parameters: SamplingParameters, vocabulary: Int = 128, eos: [TokenID] = [], seed: Int64 = 7
) throws -> ResolvedSampling {
    try parameters.resolved(vocabularySize: vocabulary, eosTokenIDs: eos, seedIfUnset: seed)
}

/// What a model recommends whose `generation_config.json` is this.
func recommended(_ json: String) throws(SamplingError) -> SamplingParameters {
    guard let value = try? JSONValue(Array(json.utf8)), case .object(let members) = value else { return .unset }
    return try SamplingParameters(modelDefaults: { members[$0] })
}

/// The candidates that are left after the rows of the table, to the end of `stage`, have gone over `logits`.
func candidates(
    _ logits: [Float], _ parameters: ResolvedSampling, _ history: SequenceHistory? = nil,
    processors: [any LogitsProcessor] = [], through stage: SamplingStep.Stage = .candidates
) throws -> Candidates {
    let context = SamplingContext(parameters, history ?? SequenceHistory(prompt: [], parameters), processors)
    var candidates = Candidates()
    candidates.load(logits.span)
    for step in SamplingStep.order where step.stage == .logits && step.isOn(context.parameters) {
        try step.apply(&candidates, context)
    }
    guard candidates.findHighest() != nil && stage == .candidates else { return candidates }
    for step in SamplingStep.order where step.stage == .candidates && step.isOn(context.parameters) {
        try step.apply(&candidates, context)
    }
    return candidates
}

/// The history of a sequence with these tokens.
func history(
    _ parameters: ResolvedSampling, prompt: [TokenID] = [], output: [TokenID] = []
) -> SequenceHistory {
    var history = SequenceHistory(prompt: prompt, parameters)
    for id in output { history.append(SampledToken(id: id)) }
    return history
}

extension Candidates {
    /// Ids still in the running.
    var keptIDs: [TokenID] { (0..<count).map { id(at: $0) } }
}

/// Sampling written down plainly: sort everything, softmax with the C library, then cut.
struct NaiveSampling {
    /// Each kept token with its probability before the cut, in id order.
    var kept: [(id: TokenID, probability: Double)]

    init(_ logits: [Float], temperature: Double, minP: Double, topK: Int, topP: Double) {
        let highest = Double(logits.max() ?? 0)
        var ranked = logits.enumerated().map { index, logit in
            (id: TokenID(index), probability: exp((Double(logit) - highest) / temperature))
        }
        ranked.sort { ($1.probability, $0.id) < ($0.probability, $1.id) }
        let bound = minP * ranked[0].probability
        ranked.removeAll { $0.probability < bound }
        if topK > 0 { ranked = Array(ranked.prefix(topK)) }
        if topP < 1 {
            let total = ranked.reduce(0) { $0 + $1.probability }
            var sum = 0.0
            var count = 0
            while count < ranked.count && sum < topP * total {
                sum += ranked[count].probability
                count += 1
            }
            ranked = Array(ranked.prefix(max(1, count)))
        }
        kept = ranked.sorted { $0.id < $1.id }
    }

    /// The token at which the kept probabilities, in id order, pass `uniform` of their sum.
    func token(at uniform: Double) -> TokenID {
        var rest = uniform * kept.reduce(0) { $0 + $1.probability }
        for (id, probability) in kept {
            rest -= probability
            if rest < 0 { return id }
        }
        return kept[kept.count - 1].id
    }
}

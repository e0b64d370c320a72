import LLMSampling
import LLMScheduling

/// The beams of one search and what has come of it so far: what goes on with which token, decided once a step.
struct BeamSearch {
    /// A beam that goes on.
    struct Beam: Hashable {
        let sequence: SequenceID
        var tokens: [TokenID]
        var logprob: Double
    }

    /// An outcome.
    struct Outcome: Hashable {
        let tokens: [TokenID]
        let logprob: Double
        let score: Double
        let reason: FinishReason
    }

    /// What the scheduler is to do with the sequences of the beams.
    struct Step: Hashable {
        var tokens: [SequenceID: TokenID] = [:]
        var branches: [SequenceID: [Branch]] = [:]
        var dropped: [SequenceID] = []
    }

    let parameters: BeamSearchParameters
    private let eosTokens: Set<TokenID>
    private(set) var beams: [Beam]  // the best first
    private var ended: [Outcome] = []  // the best first, at most as many as beams are wanted

    /// The search whose prompt `sequence` computes.
    init(_ parameters: BeamSearchParameters, sequence: SequenceID, eosTokens: [TokenID]) {
        self.parameters = parameters
        self.eosTokens = parameters.ignoreEOS ? [] : Set(eosTokens)
        beams = [Beam(sequence: sequence, tokens: [], logprob: 0)]
    }

    /// Tokens that each beam is to be continued with.
    var candidateCount: Int { 2 * parameters.beamWidth }

    /// Takes the most probable tokens after each beam, and decides which beams go on with which token. Equal ones are
    /// taken in the order of the beams, then of the tokens.
    mutating func advance(_ candidates: [SequenceID: [TokenLogprob]], newID: () -> SequenceID) -> Step {
        var continued: [(beam: Int, token: TokenID, logprob: Double)] = []
        for (index, beam) in beams.enumerated() {
            for candidate in candidates[beam.sequence] ?? [] where candidate.logprob > -.infinity {
                let logprob = beam.logprob + candidate.logprob
                if eosTokens.contains(candidate.tokenID) {
                    end(beam.tokens + [candidate.tokenID], logprob, .stop)
                } else {
                    continued.append((index, candidate.tokenID, logprob))
                }
            }
        }
        let best = continued.enumerated().sorted { one, other in
            one.element.logprob != other.element.logprob
                ? one.element.logprob > other.element.logprob : one.offset < other.offset
        }.prefix(parameters.beamWidth).map(\.element)
        var step = Step()
        var next: [Beam] = []
        for (index, token, logprob) in best {
            let parent = beams[index]
            var sequence = parent.sequence
            if step.tokens[sequence] == nil {
                step.tokens[sequence] = token
            } else {
                sequence = newID()
                step.branches[parent.sequence, default: []].append(Branch(id: sequence, token: token))
            }
            next.append(Beam(sequence: sequence, tokens: parent.tokens + [token], logprob: logprob))
        }
        step.dropped = beams.map(\.sequence).filter { step.tokens[$0] == nil }
        beams = next
        return step
    }

    /// The outcomes when nothing goes on any more, the best first.
    func outcomes(_ reason: FinishReason) -> [Outcome] {
        var search = self
        for beam in beams { search.end(beam.tokens, beam.logprob, reason) }
        return search.ended
    }

    private mutating func end(_ tokens: [TokenID], _ logprob: Double, _ reason: FinishReason) {
        let length = max(1, reason == .stop ? tokens.count - 1 : tokens.count)
        let score = logprob / PortableMath.exp(parameters.lengthPenalty * PortableMath.log(Double(length)))
        let place = ended.firstIndex { $0.score < score } ?? ended.count
        ended.insert(Outcome(tokens: tokens, logprob: logprob, score: score, reason: reason), at: place)
        if ended.count > parameters.beamWidth { ended.removeLast() }
    }
}

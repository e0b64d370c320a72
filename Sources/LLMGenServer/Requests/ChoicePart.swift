import LLMGen

/// What there is to say of one choice of an answer: the whole of it, or the piece that a stream tells next. Answers write
/// both in one way, so that the pieces of a stream, joined, are the whole.
struct ChoicePart {
    /// The prompt that it answers, and its number among the samples of it.
    let prompt: Int
    let sample: Int
    /// What stands before the answer, with the first part.
    var opening: Opening?
    var text = ""
    var tokenIDs: [TokenID] = []
    /// One entry a token, where they are asked for.
    var logprobs: [TokenLogprobs] = []
    /// Why and how it ended, with the last part.
    var ending: Ending?

    /// A prompt's log probabilities, where they are asked for.
    struct Opening {
        var promptLogprobs: [TokenLogprobs?]?
    }

    struct Ending {
        let reason: FinishReason
        /// nil for beams, which draw nothing.
        var seed: Int64?
        /// Of beams.
        var cumulativeLogprob: Double?
    }
}

extension ChoicePart {
    /// What comes before the first token.
    init(prompt: Int, sample: Int, opening: Opening) {
        (self.prompt, self.sample, self.opening) = (prompt, sample, opening)
    }

    /// All of a sample.
    init(_ sample: SampleOutput, of output: RequestOutput, prompt: Int) {
        self.init(prompt: prompt, sample: sample.index, opening: Opening(promptLogprobs: output.promptLogprobs))
        text = sample.text
        tokenIDs = sample.tokenIDs
        logprobs = sample.logprobs ?? []
        ending = Ending(reason: sample.finishReason, seed: sample.seed)
    }

    /// All of a beam.
    init(_ beam: BeamOutput, index: Int, prompt: Int) {
        self.init(prompt: prompt, sample: index, opening: Opening())
        text = beam.text
        tokenIDs = beam.tokenIDs
        ending = Ending(reason: beam.finishReason, cumulativeLogprob: beam.cumulativeLogprob)
    }

    /// A piece of a sample.
    init(_ piece: OutputPiece, prompt: Int, of request: PreparedGeneration) {
        (self.prompt, sample) = (prompt, piece.index)
        text = piece.text
        tokenIDs = piece.tokenID.map { [$0] } ?? []
        logprobs = piece.logprobs.map { [$0] } ?? []
        ending = piece.finishReason.map { Ending(reason: $0, seed: request.seed(ofSample: piece.index)) }
    }
}

import LLMSampling
import LLMScheduling
import LLMTensor

/// One request at work on the engine's thread, of one kind: a generation, a beam search, an embedding, a scoring.
///
/// A kind is one file: its ``JobRequest``, its job and its method of ``Engine``. In each step the engine calls
/// ``started(_:at:)`` for sequences that begin, ``task(_:)`` for each sequence that has rows with logits, and
/// ``accept(_:_:)`` with all outcomes of the job's rows; after the commit ``append(_:to:at:)`` for each new token and
/// ``end(_:at:)`` for each sequence that has ended. Last, and once, comes ``finish()`` or ``fail(_:)``.
protocol EngineJob: Sendable {
    /// What every job has.
    var ticket: JobTicket { get set }
    /// The job's live sequences; at first the ticket's own.
    var sequences: [SequenceID] { get }
    /// Whether nothing is left to compute.
    var isFinished: Bool { get }

    /// The type of each token of its prompt, for a model that tells texts of a pair apart; nil where all are of type 0.
    var tokenTypes: [Int32]? { get }

    /// Which sample of the request a live sequence is; 0 where there are no samples.
    func sample(of sequence: SequenceID) -> Int
    /// A sequence begins to run, or begins again after a preemption.
    mutating func started(_ sequence: StartedSequence, at now: ContinuousClock.Instant)
    /// What is wanted of the rows of a sequence that have logits.
    func task(_ sequence: ScheduledSequence) -> RowsTask
    /// Takes the hidden states of a sequence's rows, the first of them at `position`; valid during the call only.
    mutating func take(_ states: Matrix, at position: Int)
    /// Decides how its sequences go on, from what came of all their rows in the step. A sequence that gets no token is
    /// scheduled again.
    mutating func accept(_ outcomes: [RowsOutcome], _ ids: SequenceIDs) -> JobDecision
    /// Takes a token that a sequence has now; nil where the job does not count tokens one by one.
    mutating func append(
        _ token: SampledToken, to sequence: SequenceID, at now: ContinuousClock.Instant
    ) -> AppendedToken?
    /// Delivers a sequence's newest tokens. The sequence goes on.
    mutating func deliver(_ sequence: SequenceID, at now: ContinuousClock.Instant)
    /// A sequence has ended. Returns the samples that end with it.
    ///
    /// - Throws: the error that the job fails with in place of an end.
    mutating func end(_ sequence: FinishedSequence, at now: ContinuousClock.Instant) throws(LLMGenError)
        -> [EndedSample]
    /// What the metrics count when the job has finished.
    func measures(at now: ContinuousClock.Instant) -> JobMeasures
    /// Delivers what came of the finished job.
    func finish()
    /// Ends the job with an error.
    func fail(_ error: LLMGenError)
}

extension EngineJob {
    var tokenTypes: [Int32]? { nil }

    func sample(of sequence: SequenceID) -> Int { 0 }

    mutating func started(_ sequence: StartedSequence, at now: ContinuousClock.Instant) {
        ticket.started(sequence, at: now)
    }

    func task(_ sequence: ScheduledSequence) -> RowsTask { RowsTask() }

    mutating func take(_ states: Matrix, at position: Int) {}

    mutating func accept(_ outcomes: [RowsOutcome], _ ids: SequenceIDs) -> JobDecision { JobDecision() }

    mutating func append(
        _ token: SampledToken, to sequence: SequenceID, at now: ContinuousClock.Instant
    ) -> AppendedToken? { nil }

    mutating func deliver(_ sequence: SequenceID, at now: ContinuousClock.Instant) {}
}

/// How a job's sequences go on after a step.
struct JobDecision {
    /// The next tokens of sequences that go on, of branches too.
    var tokens: [SequenceID: [SampledToken]] = [:]
    /// The sequences that branch off one that goes on.
    var branches: [SequenceID: [Branch]] = [:]
    /// Sequences that do not go on while the job does.
    var dropped: [SequenceID] = []
    /// Why the whole job ends here; nil where it goes on.
    var ending: FinishReason?
}

/// A token that a sample has taken.
struct AppendedToken {
    /// Whether it is the request's first.
    let isFirst: Bool
    /// Nanoseconds since the sample's token before; nil for its first.
    let gapNanoseconds: Int64?
    /// Why the sample ends with it, where its text is the reason.
    let stopReason: FinishReason?
}

/// A sample that has ended.
struct EndedSample {
    let index: Int
    let reason: FinishReason
}

/// What the metrics count of a job that has finished.
struct JobMeasures {
    let reason: FinishReason
    /// From its first step to its first token, or to the end of a job without tokens; nil where it did not come to that.
    var prefillSeconds: Double?
    /// From its first token to its last; nil where there was none.
    var decodeSeconds: Double?
    var generationTokens = 0
    /// Whether its prompt counts as computed here, as no first token has counted it.
    var countsPrompt = false
}

import LLMScheduling

/// What is asked of an engine, checked and resolved: a value that becomes a job once it is submitted.
protocol JobRequest: Sendable {
    /// What the job replies with, once or piece by piece.
    associatedtype Reply: Sendable
    /// What is asked of the scheduler. The id, the deadline and what the options state are filled in on submission.
    var sequence: SequenceRequest { get }
    /// The options that every kind has.
    var options: RequestOptions { get }
    /// The job, which replies to `sink`.
    func job(_ ticket: JobTicket, _ model: LanguageModel, _ sink: JobSink<Reply>) -> any EngineJob
}

/// Where a job's replies go.
typealias JobSink<Reply> = AsyncThrowingStream<Reply, any Error>.Continuation

/// What every job has: its number, what it asks of the scheduler, its options and its times.
struct JobTicket: Sendable {
    /// What is asked of the scheduler, but for the deadline.
    let sequence: SequenceRequest
    let options: RequestOptions
    let arrival: ContinuousClock.Instant
    private(set) var firstStep: ContinuousClock.Instant?
    /// Tokens of the prompt that were in the prefix cache when it first ran.
    private(set) var cachedTokens = 0

    init(_ request: some JobRequest, id: SequenceID, arrival: ContinuousClock.Instant) {
        var sequence = request.sequence
        sequence.id = id
        sequence.priority = request.options.priority
        sequence.cacheSalt = request.options.cacheSalt
        self.sequence = sequence
        options = request.options
        self.arrival = arrival
    }

    /// The job's number, which is that of its first sequence.
    var id: SequenceID { sequence.id }
    var prompt: [TokenID] { sequence.prompt }

    mutating func started(_ sequence: StartedSequence, at now: ContinuousClock.Instant) {
        guard firstStep == nil else { return }
        firstStep = now
        cachedTokens = min(sequence.cachedTokens, prompt.count)
    }

    /// Seconds from the arrival to the first step, or to `now` where there was none.
    func queueSeconds(at now: ContinuousClock.Instant) -> Double { ((firstStep ?? now) - arrival).seconds }

    /// Seconds from the first step to `now`.
    func secondsSinceFirstStep(at now: ContinuousClock.Instant) -> Double { (now - (firstStep ?? now)).seconds }

    /// What is asked of the scheduler; times count from `start`, the engine's.
    func sequence(since start: ContinuousClock.Instant) -> SequenceRequest {
        var sequence = sequence
        sequence.deadline = options.timeout.map { (arrival - start + $0).nanoseconds }
        return sequence
    }
}

extension SequenceID {
    /// The id of a request that has not been submitted; ids of sequences begin with 1.
    static let unassigned = SequenceID(0)
}

extension Duration {
    /// The duration in whole nanoseconds; `Int64.max` for one beyond that.
    var nanoseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = seconds.addingReportingOverflow(components.attoseconds / 1_000_000_000)
        return overflow || overflowToo ? (components.seconds < 0 ? .min : .max) : sum
    }
}

import LLMGen

/// One run of requests: warm-ups, or the measured load. A worker does its share of it.
struct LoadPhase: Sendable {
    /// How many requests there are; nil for as many as ``nanoseconds`` give time for.
    let count: Int?
    /// How long requests are begun; nil for as long as it takes.
    let nanoseconds: UInt64?
    let arrivals: Arrivals
    let maxConcurrency: Int?
    let isWarmUp: Bool
    /// The number of the first conversation.
    let first: Int
    /// What ends the phase early; nil for nothing.
    var misses: MissLimit?

    static func warmUp(_ configuration: LoadGenerator.Configuration) -> LoadPhase {
        LoadPhase(
            count: configuration.warmUpCount, nanoseconds: nil, arrivals: .immediate,
            maxConcurrency: configuration.maxConcurrency, isWarmUp: true, first: 0)
    }

    static func measured(_ configuration: LoadGenerator.Configuration, _ misses: MissLimit?) -> LoadPhase {
        let all = configuration.arrivals == .recorded ? configuration.dataset.count : nil
        return LoadPhase(
            count: configuration.duration == nil ? configuration.requestCount ?? all ?? 100 : all,
            nanoseconds: configuration.duration.map { UInt64($0 / .nanoseconds(1)) },
            arrivals: configuration.arrivals, maxConcurrency: configuration.maxConcurrency, isWarmUp: false,
            first: configuration.firstConversation, misses: misses)
    }

    /// The part of a total that falls to a worker: the remainder goes to the first ones.
    static func share(of total: Int, worker: Int, workers: Int) -> Int {
        total / workers + (worker < total % workers ? 1 : 0)
    }
}

import LLMGen

/// One run of requests: warm-ups, or the measured load. A worker does its share of it.
struct LoadPhase: Sendable {
    /// How many requests there are; nil for as many as ``nanoseconds`` give time for.
    let count: Int?
    /// How long requests are begun; nil for as long as it takes.
    let nanoseconds: UInt64?
    let rate: Double
    let maxConcurrency: Int?
    let isWarmUp: Bool

    static func warmUp(_ configuration: LoadGenerator.Configuration) -> LoadPhase {
        LoadPhase(
            count: configuration.warmUpCount, nanoseconds: nil, rate: .infinity,
            maxConcurrency: configuration.maxConcurrency, isWarmUp: true)
    }

    static func measured(_ configuration: LoadGenerator.Configuration) -> LoadPhase {
        LoadPhase(
            count: configuration.duration == nil ? configuration.requestCount ?? 100 : nil,
            nanoseconds: configuration.duration.map { UInt64($0 / .nanoseconds(1)) }, rate: configuration.requestRate,
            maxConcurrency: configuration.maxConcurrency, isWarmUp: false)
    }

    /// The part of a total that falls to a worker: the remainder goes to the first ones.
    static func share(of total: Int, worker: Int, workers: Int) -> Int {
        total / workers + (worker < total % workers ? 1 : 0)
    }
}

public import LLMScheduling

/// Something that happened to a request in the engine, for tests and tracing.
public struct EngineEvent: Sendable, Hashable {
    /// What can happen.
    public enum Kind: Sendable, Hashable {
        /// It is in line.
        case admitted
        /// It was not admitted; it has its error.
        case refused
        /// Its prompt, or a sample that had lost its blocks, begins to be computed; so many of the tokens were cached.
        case scheduled(cachedTokens: Int)
        /// A sample lost its blocks to a more important request and will be computed again.
        case preempted
        /// A sample, or a job without samples, ended.
        case finished(FinishReason)
        /// It ended with an error of its own.
        case failed
    }

    /// The engine's number of the request.
    public let request: UInt64
    /// The caller's name of the request, if it has one.
    public let name: String?
    /// The sample, from 0; of a job without samples always 0.
    public let sample: Int
    /// What happened.
    public let kind: Kind
    /// When.
    public let instant: ContinuousClock.Instant
}

/// When one request ran, and when its tokens came.
struct Activity: Sendable {
    /// From its first step, or its sending, to its last token, in seconds of the run.
    let start, end: Double
    /// Tokens of its prompt, which count when the first token comes.
    let inputTokens: Int
    /// When each token came, rising.
    let tokenSeconds: [Double]
}

/// The part of a run in which it was as busy as it gets: from the first to the last moment at which the number of
/// running requests was at least nine tenths of its peak. Ramp and drain do not dilute its figures.
public struct SteadyState: Sendable, Hashable {
    /// The least number of requests, as a share of the peak.
    public static let share = 0.9

    /// Seconds of the run at which it begins and ends.
    public let startSeconds, endSeconds: Double
    /// Most requests that ran at once.
    public let peakConcurrency: Int
    /// Generated tokens a second within it.
    public let outputTokensPerSecond: Double
    /// Tokens a second of prompts whose first token came within it.
    public let inputTokensPerSecond: Double
    /// Requests a second that ended within it.
    public let requestsPerSecond: Double

    /// The steady part of a run; nil for one without it.
    init?(_ activities: [Activity]) {
        var changes = activities.flatMap { [($0.start, 1), ($0.end, -1)] }
        // An end at the same moment as a start comes first.
        changes.sort(by: <)
        var (current, peak) = (0, 0)
        for (_, change) in changes {
            current += change
            peak = max(peak, current)
        }
        let least = Int((Double(peak) * Self.share).rounded(.up))
        var (first, last): (Double?, Double?) = (nil, nil)
        current = 0
        for (time, change) in changes {
            let was = current
            current += change
            if current >= least, first == nil { first = time }
            if was >= least, current < least { last = time }
        }
        guard let first, let last, last > first else { return nil }
        let seconds = last - first
        func isWithin(_ time: Double) -> Bool { time > first && time <= last }
        startSeconds = first
        endSeconds = last
        peakConcurrency = peak
        outputTokensPerSecond = Double(activities.reduce(0) { $0 + $1.tokenSeconds.count(where: isWithin) }) / seconds
        let prompts = activities.filter { $0.tokenSeconds.first.map(isWithin) ?? false }
        inputTokensPerSecond = Double(prompts.reduce(0) { $0 + $1.inputTokens }) / seconds
        requestsPerSecond = Double(activities.count { isWithin($0.end) }) / seconds
    }
}

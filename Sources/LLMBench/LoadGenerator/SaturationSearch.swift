public import LLMGen

/// Finds the highest rate at which a server keeps its goals: at which at least 99 % of requests are within every bound.
///
/// The rate is doubled while it is kept, or halved until it is, and then the bracket between a rate that is kept and one
/// that is not is bisected on a logarithmic scale. A rate that is missed is tried once more. Every probe has the same pattern of arrivals, stretched, and prompts of
/// its own, so that no prefix cache knows them.
public struct SaturationSearch: Sendable {
    /// The share of requests that have to be within the bounds.
    public static let share = 0.99
    /// The search ends where the rate that is not kept is at most so much higher than the one that is.
    public static let tolerance = 0.03

    /// A rate that was tried.
    public struct Probe: Sendable, Hashable {
        /// Requests a second.
        public let rate: Double
        /// The share within every bound; of a probe that ended early, of the requests that had ended until then.
        public let attainment: Double
        /// Whether the goals were kept.
        public let isKept: Bool
        /// Seconds that it took.
        public let seconds: Double

        /// A probe.
        public init(rate: Double, attainment: Double, isKept: Bool, seconds: Double) {
            self.rate = rate
            self.attainment = attainment
            self.isKept = isKept
            self.seconds = seconds
        }
    }

    /// What was found.
    public struct Result: Sendable, Hashable {
        /// The highest rate that was kept; nil where none was.
        public let rate: Double?
        /// The lowest rate that was not kept; nil where every rate was.
        public let limit: Double?
        /// All probes, in their order.
        public let probes: [Probe]

        /// Whether the two are as near as the tolerance says.
        public var isNarrow: Bool {
            guard let rate, let limit else { return false }
            return limit <= rate * (1 + SaturationSearch.tolerance) * 1.000001
        }
    }

    /// The rate that is tried first, in requests a second.
    public let start: Double
    /// Probes end before they would go on longer than this in all.
    public let timeLimit: Duration

    /// - Throws: ``LLMGenError`` `invalidArgument` for a rate or a time that is none.
    public init(start: Double = 1, timeLimit: Duration = .seconds(600)) throws(LLMGenError) {
        try BenchOption.check("request-rate", start, start > 0 && start.isFinite, "above 0 and finite")
        try BenchOption.check("search-time", timeLimit, timeLimit > .zero, "above 0s")
        self.start = start
        self.timeLimit = timeLimit
    }

    private static let mostDoublings = 30

    /// Searches with a probe of a rate.
    public func run(_ probe: (Double) async throws -> Probe) async throws -> Result {
        let begin = ContinuousClock.now
        var probes: [Probe] = []
        var (kept, missed): (Double?, Double?) = (nil, nil)
        var rate = start
        while probes.count < 4 * Self.mostDoublings, ContinuousClock.now - begin < timeLimit {
            let result = try await probe(rate)
            probes.append(result)
            if result.isKept {
                kept = rate
            } else if probes.dropLast().last?.rate == rate {
                missed = rate
            } else {
                // What else the machine does only ever adds misses: a rate counts as missed when it is missed twice.
                continue
            }
            switch (kept, missed) {
            case (let low?, let high?):
                guard high > low * (1 + Self.tolerance) else {
                    return Result(rate: kept, limit: missed, probes: probes)
                }
                rate = (low * high).squareRoot()
            case (let low?, nil): rate = low * 2
            case (nil, let high?): rate = high / 2
            case (nil, nil): break
            }
            guard rate.isFinite, probes.count < 2 * Self.mostDoublings || (kept != nil && missed != nil) else { break }
        }
        return Result(rate: kept, limit: missed, probes: probes)
    }

    /// Searches with loads on a server. Each has the configuration's number of requests, or its duration, its burstiness
    /// and its goals.
    ///
    /// - Parameter progress: told of each probe.
    /// - Throws: ``LLMGenError`` where there are no goals, or the server cannot be reached.
    public func run(
        _ configuration: LoadGenerator.Configuration, progress: (Probe, LoadReport) -> Void = { _, _ in }
    ) async throws -> Result {
        guard let goodput = configuration.goodput else {
            throw LLMGenError(code: .invalidArgument, message: "a search has no goals; give goodput")
        }
        let burstiness: Double =
            if case .rate(_, let burstiness) = configuration.arrivals { burstiness } else { 1 }
        var next = configuration.firstConversation
        return try await run { rate in
            var load = configuration
            load.arrivals = .rate(rate, burstiness: burstiness)
            load.firstConversation = next
            let expected = load.requestCount ?? load.duration.map { Int(min(rate * $0.seconds, 1e8)) } ?? 100
            next += expected + 1
            let allowed = Int(Double(expected) * (1 - Self.share))
            let begin = ContinuousClock.now
            let report = try await LoadGenerator(load).run(misses: MissLimit(goodput, limit: allowed))
            let probe = Probe(
                rate: rate, attainment: report.attainment?.all ?? 0,
                isKept: report.attainment.map { $0.all >= Self.share } ?? false,
                seconds: (ContinuousClock.now - begin).seconds)
            progress(probe, report)
            return probe
        }
    }
}

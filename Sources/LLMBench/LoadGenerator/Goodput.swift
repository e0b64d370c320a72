public import LLMGen

/// Bounds that a request must keep, every one of them, to count for goodput (DistServe, arXiv 2401.09670).
public struct Goodput: Sendable, Hashable {
    /// Bound on the time to the first token, in seconds.
    public let ttftSeconds: Double?
    /// Bound on the time per output token, in seconds.
    public let tpotSeconds: Double?
    /// Bound on the end-to-end latency, in seconds.
    public let e2elSeconds: Double?

    /// Reads terms such as `ttft:200`, in milliseconds, as vLLM's `--goodput` takes them, or `mlperf:` and the name of one
    /// of ``mlperf`` alone; nil where there are none.
    ///
    /// - Throws: ``LLMGenError`` `invalidArgument` for a term that is none or comes twice.
    public init?(_ terms: [String]) throws(LLMGenError) {
        guard let first = terms.first else { return nil }
        if terms.count == 1, first.hasPrefix("mlperf:") {
            let name = first.dropFirst("mlperf:".count)
            guard let limits = Goodput.mlperf.first(where: { $0.name == name }) else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message:
                        "goodput is '\(first)'; after mlperf: comes one of "
                        + Goodput.mlperf.map(\.name).joined(separator: ", "))
            }
            self.init(ttftSeconds: limits.ttftSeconds, tpotSeconds: limits.tpotSeconds)
            return
        }
        var bounds: [String: Double] = [:]
        for term in terms {
            let parts = term.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, ["ttft", "tpot", "e2el"].contains(parts[0]), bounds[parts[0]] == nil,
                let milliseconds = Double(parts[1]), milliseconds >= 0, milliseconds.isFinite
            else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message:
                        "goodput is '\(term)'; give ttft, tpot or e2el once each with milliseconds, such as ttft:200, or "
                        + "mlperf: and a task alone")
            }
            bounds[parts[0]] = milliseconds / 1000
        }
        self.init(ttftSeconds: bounds["ttft"], tpotSeconds: bounds["tpot"], e2elSeconds: bounds["e2el"])
    }

    /// Bounds in seconds.
    public init(ttftSeconds: Double? = nil, tpotSeconds: Double? = nil, e2elSeconds: Double? = nil) {
        self.ttftSeconds = ttftSeconds
        self.tpotSeconds = tpotSeconds
        self.e2elSeconds = e2elSeconds
    }

    /// The limits that MLPerf Inference sets 99 % of requests in its scenarios Server and, where the name says so,
    /// Interactive (mlcommons/inference, `loadgen/mlperf.conf`).
    public static let mlperf: [(name: String, ttftSeconds: Double, tpotSeconds: Double)] = [
        ("llama3.1-8b", 2, 0.1), ("llama3.1-8b-interactive", 0.5, 0.03), ("llama2-70b", 2, 0.2),
        ("llama2-70b-interactive", 0.45, 0.04), ("mixtral-8x7b", 2, 0.2), ("llama3.1-405b", 6, 0.175),
        ("llama3.1-405b-interactive", 4.5, 0.08), ("deepseek-r1", 2, 0.08), ("deepseek-r1-interactive", 1.5, 0.015),
        ("gpt-oss-120b", 3, 0.08), ("gpt-oss-120b-interactive", 2, 0.015),
    ]

    /// Whether a completed request keeps every bound. One token has no time per token and keeps that bound.
    public func isMet(by record: RequestRecord) -> Bool {
        isTTFTMet(by: record) && isTPOTMet(by: record) && isE2ELMet(by: record)
    }

    func isTTFTMet(by record: RequestRecord) -> Bool { ttftSeconds.map { record.ttftSeconds <= $0 } ?? true }

    func isTPOTMet(by record: RequestRecord) -> Bool { tpotSeconds.map { (record.tpotSeconds ?? 0) <= $0 } ?? true }

    func isE2ELMet(by record: RequestRecord) -> Bool { e2elSeconds.map { record.latencySeconds <= $0 } ?? true }
}

/// The shares of a load's requests that kept their bounds, 0 to 1. A request that was refused or failed kept none; one
/// that its client broke off does not count.
public struct Attainment: Sendable, Hashable {
    /// Of requests that kept every bound.
    public let all: Double
    /// Of those that kept the bound on the time to the first token; nil without one.
    public let ttft: Double?
    /// Of those that kept the bound on the time per output token; nil without one.
    public let tpot: Double?
    /// Of those that kept the bound on the end-to-end latency; nil without one.
    public let e2el: Double?

    /// Nil where no request counts.
    init?(_ goodput: Goodput, of records: [RequestRecord]) {
        let counted = records.filter { $0.outcome != .disconnected }
        guard !counted.isEmpty else { return nil }
        func share(_ isMet: (RequestRecord) -> Bool) -> Double {
            Double(counted.count { $0.outcome == .completed && isMet($0) }) / Double(counted.count)
        }
        all = share(goodput.isMet)
        ttft = goodput.ttftSeconds.map { _ in share(goodput.isTTFTMet) }
        tpot = goodput.tpotSeconds.map { _ in share(goodput.isTPOTMet) }
        e2el = goodput.e2elSeconds.map { _ in share(goodput.isE2ELMet) }
    }

    /// The shares in percent, in words.
    var text: String {
        let parts = [("time to first token", ttft), ("time per output token", tpot), ("end to end", e2el)]
        func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
        let each = parts.compactMap { name, share in share.map { "\(name) \(percent($0))" } }
        return "\(percent(all)) of requests" + (each.count > 1 ? ": \(each.joined(separator: ", "))" : "")
    }
}

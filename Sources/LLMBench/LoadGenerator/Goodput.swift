public import LLMGen

/// Bounds that a request must keep, every one of them, to count for goodput (DistServe, arXiv 2401.09670).
public struct Goodput: Sendable, Hashable {
    /// Bound on the time to the first token, in seconds.
    public let ttftSeconds: Double?
    /// Bound on the time per output token, in seconds.
    public let tpotSeconds: Double?
    /// Bound on the end-to-end latency, in seconds.
    public let e2elSeconds: Double?

    /// Reads terms such as `ttft:200`, in milliseconds, as vLLM's `--goodput` takes them; nil where there are none.
    ///
    /// - Throws: ``LLMGenError`` `invalidArgument` for a term that is none or comes twice.
    public init?(_ terms: [String]) throws(LLMGenError) {
        guard !terms.isEmpty else { return nil }
        var bounds: [String: Double] = [:]
        for term in terms {
            let parts = term.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, ["ttft", "tpot", "e2el"].contains(parts[0]), bounds[parts[0]] == nil,
                let milliseconds = Double(parts[1]), milliseconds >= 0, milliseconds.isFinite
            else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message:
                        "goodput is '\(term)'; give ttft, tpot or e2el once each with milliseconds, such as ttft:200"
                )
            }
            bounds[parts[0]] = milliseconds / 1000
        }
        ttftSeconds = bounds["ttft"]
        tpotSeconds = bounds["tpot"]
        e2elSeconds = bounds["e2el"]
    }

    /// Whether a completed request keeps every bound. One token has no time per token and keeps that bound.
    public func isMet(by record: RequestRecord) -> Bool {
        (ttftSeconds.map { record.ttftSeconds <= $0 } ?? true)
            && (tpotSeconds.map { (record.tpotSeconds ?? 0) <= $0 } ?? true)
            && (e2elSeconds.map { record.latencySeconds <= $0 } ?? true)
    }
}

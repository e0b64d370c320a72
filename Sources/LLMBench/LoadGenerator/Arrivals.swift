import LLMGen

/// When the requests of a load come.
public enum Arrivals: Sendable, Hashable {
    /// Each as soon as there is a place for it.
    case immediate
    /// So many a second. Burstiness 1 is a Poisson process, less comes in bursts, more comes evenly, infinite at a constant
    /// pace.
    case rate(Double, burstiness: Double = 1)
    /// At a rate that goes evenly from one to the other over the load.
    case ramp(from: Double, to: Double, burstiness: Double = 1)
    /// At the times that the dataset has.
    case recorded

    /// - Throws: ``LLMGenError`` `invalidArgument` with the value and its range.
    func validate() throws(LLMGenError) {
        func check(_ name: String, _ value: Double, isFinite: Bool) throws(LLMGenError) {
            try BenchOption.check(
                name, value, value > 0 && (!isFinite || value.isFinite), isFinite ? "above 0 and finite" : "above 0")
        }
        switch self {
        case .immediate, .recorded: break
        case .rate(let rate, let burstiness):
            try BenchOption.check("request-rate", rate, rate > 0 && rate.isFinite, "above 0, or inf")
            try check("burstiness", burstiness, isFinite: false)
        case .ramp(let from, let to, let burstiness):
            try check("request-rate", from, isFinite: true)
            try check("ramp-to", to, isFinite: true)
            try check("burstiness", burstiness, isFinite: false)
        }
    }
}

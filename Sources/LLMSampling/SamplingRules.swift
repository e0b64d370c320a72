/// The ranges of single values, in a request and in a model's `generation_config.json` alike.
///
/// A comparison with NaN is false, so each rule refuses NaN too.
enum SamplingRules {
    static let lowestTemperature = 0.01

    static func temperature(_ value: Double?, field: String) throws(SamplingError) -> Double? {
        guard let value else { return nil }
        guard value >= 0 && value <= 2 else {
            throw outOfRange(field, value, "[0, 2]", "use 0 for greedy, 1 for the model's own distribution")
        }
        return value > 0 ? max(value, lowestTemperature) : 0
    }

    static func share(_ value: Double?, field: String) throws(SamplingError) -> Double? {
        guard let value else { return nil }
        guard value > 0 && value <= 1 else {
            throw outOfRange(field, value, "(0, 1]", "use 1 to keep every token")
        }
        return value
    }

    static func topK(_ value: Int?, field: String) throws(SamplingError) -> Int? {
        guard let value else { return nil }
        guard value >= -1 else {
            throw outOfRange(field, value, "-1 or more", "use 0 or -1 to keep every token")
        }
        return value
    }

    static func minP(_ value: Double?, field: String) throws(SamplingError) -> Double? {
        try number(value, in: 0...1, field: field, remedy: "use 0 to keep every token")
    }

    static func repetitionPenalty(_ value: Double?, field: String) throws(SamplingError) -> Double? {
        guard let value else { return nil }
        guard value > 0 && value.isFinite else {
            throw outOfRange(field, value, "(0, infinity)", "use 1 for no penalty")
        }
        return value
    }

    static func additivePenalty(_ value: Double?, field: String) throws(SamplingError) -> Double? {
        try number(value, in: -2...2, field: field, remedy: "use 0 for no penalty")
    }

    static func count(_ value: Int?, atLeast least: Int, field: String, remedy: String) throws(SamplingError) -> Int? {
        guard let value else { return nil }
        guard value >= least else { throw outOfRange(field, value, "\(least) or more", remedy) }
        return value
    }

    static func integer(
        _ value: Int?, in range: ClosedRange<Int>, field: String, remedy: String
    ) throws(SamplingError) -> Int? {
        guard let value else { return nil }
        guard range.contains(value) else {
            throw outOfRange(field, value, "[\(range.lowerBound), \(range.upperBound)]", remedy)
        }
        return value
    }

    /// A number between two whole ones.
    static func number(
        _ value: Double?, in range: ClosedRange<Int>, field: String, remedy: String
    ) throws(SamplingError) -> Double? {
        guard let value else { return nil }
        guard value >= Double(range.lowerBound) && value <= Double(range.upperBound) else {
            throw outOfRange(field, value, "[\(range.lowerBound), \(range.upperBound)]", remedy)
        }
        return value
    }

    static func nonNegative(_ value: Double?, field: String, remedy: String) throws(SamplingError) -> Double? {
        guard let value else { return nil }
        guard value >= 0 && value.isFinite else { throw outOfRange(field, value, "[0, infinity)", remedy) }
        return value
    }

    static func outOfRange(_ field: String, _ value: some Any, _ range: String, _ remedy: String) -> SamplingError {
        SamplingError(.outOfRange, field: field, problem: "\(value) is not in the range \(range)", remedy: remedy)
    }
}

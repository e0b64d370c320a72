import LLMGen

/// Checks of values that a benchmark is given, with the value and its range in the error.
enum BenchOption {
    static func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws(LLMGenError) {
        guard let value, !range.contains(value) else { return }
        throw LLMGenError(
            code: .invalidArgument,
            message: "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound)")
    }

    static func check(_ name: String, _ value: Any, _ isRight: Bool, _ range: String) throws(LLMGenError) {
        guard !isRight else { return }
        throw LLMGenError(code: .invalidArgument, message: "\(name) is \(value); it must be \(range)")
    }
}

public import LLMGen
import LLMJSON

/// Two measurements beside each other: what `llmgen bench compare` prints.
public struct Comparison: Sendable {
    /// Which way a figure is better.
    enum Direction: Sendable {
        case higher, lower
    }

    /// What is said of a figure.
    public enum Verdict: String, Sendable, Encodable {
        /// The second is better, by more than the spread.
        case better
        /// The second is worse, by more than the spread.
        case worse
        /// The difference is within the spread.
        case same = "within the spread"
        /// One of them has one run only, so that the spread is not known.
        case unknown = "one run: no verdict"
    }

    /// One figure of both.
    public struct Row: Sendable {
        /// Its name.
        public let name: String
        /// Its values.
        public let first, second: Samples
        /// The second over the first.
        public let ratio: Samples.Ratio
        /// What is said of it.
        public let verdict: Verdict
    }

    /// A setting that differs: its name and the two values.
    public struct Difference: Sendable, Hashable {
        /// The setting.
        public let name: String
        /// Its values, as JSON writes them, or `-`.
        public let first, second: String
    }

    /// The figures that both have and of which it is known which way they are better.
    public let rows: [Row]
    /// The settings in which they differ.
    public let differences: [Difference]

    /// Compares the reports of two files: of each the last line, the object that `bench … --json` prints and `--save`
    /// writes.
    ///
    /// - Throws: ``LLMGenError`` `notFound` or `invalidInput`, naming the file, or where they have no figure in common.
    public init(_ first: String, _ second: String) throws(LLMGenError) {
        let (one, other) = (try MeasuredFile(first), try MeasuredFile(second))
        rows = one.names.compactMap { name in
            guard let direction = Comparison.direction(name), let a = one.samples[name], let b = other.samples[name],
                let ratio = a.ratio(of: b)
            else { return nil }
            let verdict: Verdict =
                switch ratio.differs {
                case nil: .unknown
                case false?: .same
                case true?: (ratio.ratio > 1) == (direction == .higher) ? .better : .worse
                }
            return Row(name: name, first: a, second: b, ratio: ratio, verdict: verdict)
        }
        guard !rows.isEmpty else {
            throw LLMGenError(
                code: .invalidInput,
                message: "'\(first)' and '\(second)' have no figure in common; give two reports of the same benchmark")
        }
        let settings = Set(one.settings.keys).union(other.settings.keys).sorted()
        differences = settings.compactMap { name in
            let (a, b) = (one.settings[name], other.settings[name])
            return a == b ? nil : Difference(name: name, first: a ?? "-", second: b ?? "-")
        }
    }

    /// Which way a figure is better, told by its name; nil for one that is neither.
    static func direction(_ name: String) -> Direction? {
        let higher = ["per_s", "throughput", "goodput", "attainment", "interactivity", "prefix_cache_hits"]
        let neither = ["steady_start", "steady_end", "max_concurrent", "client_", "std_"]
        if neither.contains(where: name.hasPrefix) { return nil }
        if name.hasPrefix("pp") || name.hasPrefix("tg") || higher.contains(where: name.hasSuffix) { return .higher }
        let lower = ["_ms", "_s", "duration", "preemptions", "recomputed_tokens", "failed", "rejected", "_bytes"]
        return lower.contains(where: name.hasSuffix) ? .lower : nil
    }
}

/// The report of a benchmark, read from a file that anybody may have written.
private struct MeasuredFile {
    private(set) var names: [String] = []
    private(set) var samples: [String: Samples] = [:]
    /// Words and numbers that are no figures.
    private(set) var settings: [String: String] = [:]

    init(_ path: String) throws(LLMGenError) {
        let lines = try DatasetFile(path, of: "a report of --save or --json").bytes.split(separator: UInt8(ascii: "\n"))
        func refuse(_ why: String) -> LLMGenError {
            LLMGenError(
                code: .invalidInput,
                message: "'\(path)': \(why); give what a benchmark prints with --json, or its file of --save")
        }
        guard let last = lines.last(where: { !$0.allSatisfy { $0 == 0x20 || $0 == 0x0D } }) else {
            throw refuse("it is empty")
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(Array(last), part: "the last line")
        } catch {
            throw refuse(error.message)
        }
        guard case .object(let members) = value, case .object(let figures)? = members["samples"] else {
            throw refuse("its last line is no object with samples")
        }
        for (name, values) in figures {
            guard case .array(let elements) = values else { throw refuse("the samples of \(name.quoted) are no array") }
            var numbers: [Double] = []
            for element in elements {
                switch element {
                case .integer(let number): numbers.append(Double(number))
                case .number(let number): numbers.append(number)
                default: throw refuse("a sample of \(name.quoted) is \(element.kindName)")
                }
            }
            guard let values = Samples(numbers) else {
                throw refuse("the samples of \(name.quoted) are no finite numbers")
            }
            names.append(name)
            samples[name] = values
        }
        for (name, value) in members where samples[name] == nil {
            switch value {
            case .string(let text): settings[name] = text
            case .integer(let number): settings[name] = "\(number)"
            case .flag(let flag): settings[name] = "\(flag)"
            default: break
            }
        }
    }
}

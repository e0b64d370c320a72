/// What repeated runs measured, under the names that tools know: one value a run.
///
/// As JSON it is an object of means, null where nothing was measured. Of several runs it also has `sd`, the standard
/// deviations, and of one or more `samples`, the values themselves, which `llmgen bench compare` reads.
public struct Figures: Sendable, Encodable {
    /// The names, in order.
    public let names: [String]
    private let runs: [[String: Double]]

    /// The figures of runs, each with the same names.
    public init(_ runs: [[(name: String, value: Double?)]]) {
        names = runs.first?.map(\.name) ?? []
        self.runs = runs.map { run in
            Dictionary(uniqueKeysWithValues: run.compactMap { figure in figure.value.map { (figure.name, $0) } })
        }
    }

    /// How many runs there were.
    public var runCount: Int { runs.count }

    /// A figure's values; nil where no run has it.
    public func samples(_ name: String) -> Samples? { Samples(runs.compactMap { $0[name] }) }

    /// A figure's mean; nil where no run has it.
    public subscript(_ name: String) -> Double? { samples(name)?.mean }

    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    /// Writes the object.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Name.self)
        for name in names { try object.encode(self[name], forKey: Name(name)) }
        try object.encode(runCount, forKey: Name("runs"))
        let samples = names.compactMap { name in self.samples(name).map { (name, $0) } }
        try object.encode(Dictionary(uniqueKeysWithValues: samples.map { ($0, $1.values) }), forKey: Name("samples"))
        guard runCount > 1 else { return }
        let deviations = samples.compactMap { name, samples in samples.deviation.map { (name, $0) } }
        try object.encode(Dictionary(uniqueKeysWithValues: deviations), forKey: Name("sd"))
    }
}

extension Distribution {
    /// The statistics of a distribution in milliseconds, as vLLM names them.
    static func figures(_ name: String, _ values: Distribution?) -> [(name: String, value: Double?)] {
        [
            ("mean", values?.mean), ("std", values?.standardDeviation), ("median", values?.median),
            ("p50", values?.median), ("p90", values?.p90), ("p95", values?.p95), ("p99", values?.p99),
            ("max", values?.max),
        ].map { ("\($0)_\(name)_ms", $1.map { $0 * 1000 }) }
    }
}

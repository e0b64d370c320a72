/// What happens to one counter or histogram.
enum MetricChange {
    typealias Path<Property> = any WritableKeyPath<EngineMetrics, Property> & Sendable

    case add(Int, to: Path<Int>)
    case count(FinishReason, in: Path<[FinishReason: Int]>)
    /// A nil is no value, and changes nothing.
    case observe(Double?, in: Path<Histogram>)

    func apply(to metrics: inout EngineMetrics) {
        switch self {
        case .add(let amount, let path): metrics[keyPath: path] += amount
        case .count(let reason, let path): metrics[keyPath: path][reason, default: 0] += 1
        case .observe(let value, let path): if let value { metrics[keyPath: path].observe(value) }
        }
    }
}

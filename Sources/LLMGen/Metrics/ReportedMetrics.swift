import CoreMetrics

/// The metrics of one engine in swift-metrics, for whatever backend the program has set up there.
///
/// A backend has edges of its own for what is a histogram in ``EngineMetrics``. All have the model's name as the
/// dimension `model_name`.
struct ReportedMetrics: Sendable {
    private typealias Path = any AnyKeyPath & Sendable

    private var gauges: [(gauge: Gauge, value: @Sendable (EngineMetrics) -> Double)] = []
    private var counters: [Path: Counter] = [:]
    private var countersByReason: [Path: [FinishReason: Counter]] = [:]
    private var histograms: [Path: @Sendable (Double) -> Void] = [:]

    /// Makes every metric.
    init(model: String, factory: any MetricsFactory) {
        let dimensions = [("model_name", model)]
        for metric in EngineMetric.all {
            let label = "llmgen_\(metric.name)"
            switch metric.value {
            case .gauge(let path):
                let gauge = Gauge(label: label, dimensions: dimensions, factory: factory)
                gauges.append((gauge, { Double($0[keyPath: path]) }))
            case .share(let path):
                let gauge = Gauge(label: label, dimensions: dimensions, factory: factory)
                gauges.append((gauge, { $0[keyPath: path] }))
            case .counter(let path):
                counters[path] = Counter(label: label, dimensions: dimensions, factory: factory)
            case .countersByReason(let path):
                for reason in FinishReason.allCases {
                    countersByReason[path, default: [:]][reason] = Counter(
                        label: label, dimensions: dimensions + [("finished_reason", reason.rawValue)], factory: factory)
                }
            case .histogram(let path) where metric.unit == .seconds:
                let timer = Timer(label: label, dimensions: dimensions, factory: factory)
                histograms[path] = { timer.recordNanoseconds(Int64(($0 * 1e9).rounded())) }
            case .histogram(let path):
                let recorder = Recorder(label: label, dimensions: dimensions, aggregate: true, factory: factory)
                histograms[path] = { recorder.record($0) }
            }
        }
    }

    /// Tells what the gauges are.
    func gauges(of metrics: EngineMetrics) {
        for (gauge, value) in gauges { gauge.record(value(metrics)) }
    }

    /// Tells of a change.
    func report(_ change: MetricChange) {
        switch change {
        case .add(let amount, let path): counters[path]?.increment(by: amount)
        case .count(let reason, let path): countersByReason[path]?[reason]?.increment()
        case .observe(let value, let path): if let value { histograms[path]?(value) }
        }
    }
}

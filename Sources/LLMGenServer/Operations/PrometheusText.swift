package import LLMGen

/// Metrics in Prometheus's text format, version 0.0.4.
package struct PrometheusText {
    package private(set) var text = ""
    private let prefix: String

    /// - Parameter prefix: what every name begins with.
    package init(prefix: String) { self.prefix = prefix }

    /// A family of metrics that differ by their labels.
    package mutating func family(
        _ name: String, _ kind: EngineMetric.Kind, _ help: String, _ samples: (inout Family) -> Void
    ) {
        var family = Family(name: prefix + name)
        samples(&family)
        text += "# HELP \(family.name) \(help)\n# TYPE \(family.name) \(kind.rawValue)\n" + family.text
    }

    /// The samples of one family.
    package struct Family {
        fileprivate let name: String
        fileprivate var text = ""

        fileprivate init(name: String) { self.name = name }

        package mutating func sample(_ labels: [(String, String)], _ value: Double, suffix: String = "") {
            text += name + suffix
            if !labels.isEmpty {
                text += "{" + labels.map { "\($0.0)=\"\(Family.escaped($0.1))\"" }.joined(separator: ",") + "}"
            }
            text += " \(Family.number(value))\n"
        }

        package mutating func histogram(_ labels: [(String, String)], _ histogram: Histogram) {
            let edges = histogram.edges.map(Family.number) + ["+Inf"]
            for (edge, count) in zip(edges, histogram.cumulativeCounts) {
                sample(labels + [("le", edge)], Double(count), suffix: "_bucket")
            }
            sample(labels, histogram.sum, suffix: "_sum")
            sample(labels, Double(histogram.count), suffix: "_count")
        }

        private static func escaped(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }

        private static func number(_ value: Double) -> String {
            if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
            return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        }
    }
}

extension PrometheusText {
    /// What every engine counts, and how its cache is made up.
    package mutating func engines(_ engines: [(name: String, engine: Engine)]) {
        let snapshots = engines.map { (labels: [("model_name", $0.name)], metrics: $0.engine.metrics) }
        for metric in EngineMetric.all where metric.kind == .gauge { family(metric, snapshots) }
        family("cache_config_info", .gauge, "How the cache is made up.") { family in
            for (name, engine) in engines {
                family.sample(
                    [
                        ("model_name", name), ("block_size", "\(engine.blockSize)"),
                        ("num_gpu_blocks", "\(engine.kvBlocks)"), ("cache_dtype", engine.kvCacheDtype.rawValue),
                        ("enable_prefix_caching", engine.cachesPrefixes ? "True" : "False"),
                    ], 1)
            }
        }
        for metric in EngineMetric.all where metric.kind != .gauge { family(metric, snapshots) }
    }

    private mutating func family(
        _ metric: EngineMetric, _ snapshots: [(labels: [(String, String)], metrics: EngineMetrics)]
    ) {
        family(metric.name, metric.kind, metric.help) { family in
            for (labels, metrics) in snapshots {
                switch metric.value {
                case .gauge(let path), .counter(let path): family.sample(labels, Double(metrics[keyPath: path]))
                case .share(let path): family.sample(labels, metrics[keyPath: path])
                case .countersByReason(let path):
                    for (reason, count) in metrics[keyPath: path].sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                        family.sample(labels + [("finished_reason", reason.rawValue)], Double(count))
                    }
                case .histogram(let path): family.histogram(labels, metrics[keyPath: path])
                }
            }
        }
    }
}

import Hummingbird
import LLMGen

/// `GET /metrics`: the engines' metrics and the server's own, for Prometheus.
struct Metrics {
    let state: ServerState

    func respond(_ request: Request, _ context: ServerContext) -> Response {
        var text = PrometheusText(prefix: state.options.metricsPrefix)
        text.engines(state.registry.entries.compactMap { entry in entry.engine.map { (entry.name, $0) } })
        text.family("http_requests_total", .counter, "HTTP requests, by route and status.") { family in
            for (row, count) in state.metrics.current {
                family.sample(
                    [("method", row.method), ("path", row.route), ("status", "\(row.status)")], Double(count))
            }
        }
        return .text(text.text, type: "text/plain; version=0.0.4; charset=utf-8")
    }
}

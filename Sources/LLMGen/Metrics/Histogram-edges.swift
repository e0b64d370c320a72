/// The edges that vLLM's histograms have unless told otherwise (`vllm/v1/metrics/buckets.py`), so that what is built on
/// those shows the same picture of this engine.
extension Histogram {
    /// Seconds from a request's arrival to its first token.
    static let timeToFirstTokenEdges: [Double] = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
        2560,
    ]
    /// Seconds from one token of a request to the next, or of a step.
    static let interTokenLatencyEdges: [Double] = [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
    ]
    /// Seconds of a whole request, or of one of its phases.
    static let requestLatencyEdges: [Double] = [
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
    ]
    /// Tokens that a step computes.
    static let stepTokenEdges: [Double] = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]

    /// Tokens of a request: 1, 2, 5, 10, 20, 50 and so on, up to the longest there may be.
    static func requestTokenEdges(maxModelLength: Int) -> [Double] {
        var edges: [Double] = []
        var decade = 1
        while true {
            for edge in [decade, 2 * decade, 5 * decade] {
                if edge > max(1, maxModelLength) { return edges }
                edges.append(Double(edge))
            }
            decade *= 10
        }
    }
}

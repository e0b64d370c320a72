import LLMGen
import LLMGenServer
import LLMTestSupport
import Testing

@Suite struct PrometheusTextTests {
    @Test func `A family has its help, its kind and its samples`() {
        var text = PrometheusText(prefix: "p_")
        text.family("requests_total", .counter, "Requests.") { family in
            family.sample([("path", "a\"b\\c\nd"), ("status", "200")], 3)
            family.sample([], 0.25)
        }
        #expect(
            text.text == """
                # HELP p_requests_total Requests.
                # TYPE p_requests_total counter
                p_requests_total{path="a\\"b\\\\c\\nd",status="200"} 3
                p_requests_total 0.25

                """)
    }

    @Test func `A histogram's buckets add up`() {
        var histogram = Histogram(edges: [0.5, 2])
        for value in [0.25, 1, 1.5, 30] { histogram.observe(value) }
        var text = PrometheusText(prefix: "")
        text.family("h", .histogram, "H.") { $0.histogram([("m", "x")], histogram) }
        #expect(
            text.text.split(separator: "\n").dropFirst(2).map(String.init) == [
                #"h_bucket{m="x",le="0.5"} 1"#, #"h_bucket{m="x",le="2"} 3"#, #"h_bucket{m="x",le="+Inf"} 4"#,
                #"h_sum{m="x"} 32.75"#, #"h_count{m="x"} 4"#,
            ])
    }

    @Test func `Every metric of the table is told of every engine`() async throws {
        let engine = try Engine(model: try await LanguageModel.load(Paths.fairytale.path))
        var text = PrometheusText(prefix: "p:")
        text.engines([("tales", engine), ("again", engine)])
        let lines = text.text.split(separator: "\n").map(String.init)
        var rows = EngineMetric.all.map { ["# HELP p:\($0.name) \($0.help)", "# TYPE p:\($0.name) \($0.kind)"] }
        rows.insert(
            ["# HELP p:cache_config_info How the cache is made up.", "# TYPE p:cache_config_info gauge"],
            at: EngineMetric.all.count { $0.kind == .gauge })
        #expect(lines.filter { $0.hasPrefix("#") } == rows.flatMap { $0 })
        for metric in EngineMetric.all {
            let sample = "p:\(metric.name)\(metric.kind == .histogram ? "_count" : "")"
            for model in ["tales", "again"] {
                #expect(lines.contains { $0.hasPrefix("\(sample){model_name=\"\(model)\"") }, "\(sample) of \(model)")
            }
        }
    }
}

import LLMGen
import LLMGenServer
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
}

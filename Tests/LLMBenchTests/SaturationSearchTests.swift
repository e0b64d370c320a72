import LLMBench
import LLMGen
import Testing

/// The search for the highest rate, against servers whose limit is known.
@Suite struct SaturationSearchTests {
    private func search(_ knee: Double, from start: Double) async throws -> SaturationSearch.Result {
        try await SaturationSearch(start: start).run { rate in
            let isKept = rate <= knee
            return SaturationSearch.Probe(rate: rate, attainment: isKept ? 1 : 0.5, isKept: isKept, seconds: 0)
        }
    }

    @Test(arguments: [0.013, 0.99, 1, 1.01, 7.3, 812.5], [0.1, 1, 50])
    func `The knee is found within 3 % of what a sweep finds, in a few probes`(knee: Double, start: Double) async throws
    {
        let result = try await search(knee, from: start)
        // A sweep in steps of a thousandth.
        var sweep = knee / 2
        while sweep * 1.001 <= knee { sweep *= 1.001 }
        let rate = try #require(result.rate)
        let limit = try #require(result.limit)
        #expect(rate <= knee && knee < limit && limit <= rate * 1.0301 && result.isNarrow)
        #expect(abs(rate / sweep - 1) <= 0.03)
        #expect(result.probes.count <= 40)
    }

    @Test func `Where no rate is kept, or every one is, the search ends`() async throws {
        let none = try await search(0, from: 1)
        #expect(none.rate == nil && none.limit != nil && !none.isNarrow && none.probes.count <= 60)
        let all = try await search(.infinity, from: 1)
        #expect(all.rate != nil && all.limit == nil && all.probes.count <= 60)
    }

    @Test func `A miss that does not come again is taken for a disturbance`() async throws {
        var count = 0
        let result = try await SaturationSearch(start: 1).run { rate in
            count += 1
            let isKept = rate <= 7 && count % 2 == 0
            return SaturationSearch.Probe(rate: rate, attainment: isKept ? 1 : 0.9, isKept: isKept, seconds: 0)
        }
        let rate = try #require(result.rate)
        #expect(rate <= 7 && rate > 7 / 1.031)
    }

    @Test func `No probe begins after the time is up`() async throws {
        let result = try await SaturationSearch(start: 1, timeLimit: .milliseconds(50)).run { rate in
            try await Task.sleep(for: .milliseconds(60))
            return SaturationSearch.Probe(rate: rate, attainment: 1, isKept: true, seconds: 0.06)
        }
        #expect(result.probes.count == 1 && result.rate == 1 && !result.isNarrow)
    }

    @Test func `Probes on a server have prompts of their own and end early where too many miss`() async throws {
        try await ScriptServer.with({ _, _ in [.send(Wire.stream(2))] }) { server in
            var load = LoadGenerator.Configuration()
            load.baseURL = server.url
            load.model = "m"
            load.requestCount = 5
            load.dataset = try .random()
            await #expect(throws: LLMGenError.self) { try await SaturationSearch(start: 1).run(load) }
            load.goodput = try Goodput(["ttft:0"])
            load.requestCount = 200
            // At a tenth of a second a probe of 200 requests would take long; all of them miss.
            let result = try await SaturationSearch(start: 200, timeLimit: .milliseconds(1)).run(load)
            #expect(result.probes.count == 1 && result.rate == nil && result.probes[0].attainment < 0.99)
            load.goodput = try Goodput(["ttft:100000"])
            load.requestCount = 5
            let kept = try await SaturationSearch(start: 1000, timeLimit: .milliseconds(20)).run(load)
            #expect(kept.rate != nil && kept.probes.allSatisfy { $0.isKept && $0.attainment == 1 })
            let prompts = try server.requests.suffix(5 * kept.probes.count).map { try $0.json["prompt"] as? [Int] }
            #expect(Set(prompts).count == prompts.count)
        }
    }
}

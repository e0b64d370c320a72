import LLMBench
import LLMGen
import Testing

/// The arithmetic of the measures, by examples worked by hand.
@Suite struct LoadGeneratorMetricsTests {
    /// A completed request with outputs at these seconds after its start.
    private func completed(
        _ index: Int = 0, start: Double = 0, outputs: [Double], tokens: Int, prompt: Int = 10
    ) -> RequestRecord {
        var record = RequestRecord(
            index: index, outcome: .completed, startSeconds: start, latencySeconds: outputs.last ?? 0)
        record.ttftSeconds = outputs[0]
        record.gapSeconds = zip(outputs, outputs.dropFirst()).map { $1 - $0 }
        record.completionTokens = tokens
        record.promptTokens = prompt
        return record
    }

    @Test func `A percentile is interpolated between the two nearest values`() {
        // numpy.percentile([15, 20, 35, 40, 50], 40) = 29, place 1.6.
        #expect(abs(Distribution.percentile(40, ofSorted: [15, 20, 35, 40, 50]) - 29) < 1e-12)
        #expect(Distribution.percentile(0, ofSorted: [15, 20, 35]) == 15)
        #expect(Distribution.percentile(100, ofSorted: [15, 20, 35]) == 35)
        #expect(Distribution.percentile(50, ofSorted: [1, 2, 3, 4]) == 2.5)
        #expect(Distribution.percentile(99, ofSorted: [7]) == 7)
    }

    @Test func `A distribution has the mean, the deviation of the values themselves, and percentiles`() throws {
        let values = try #require(Distribution([4, 2, 9, 5]))
        #expect(values.count == 4 && values.mean == 5 && values.median == 4.5 && values.max == 9)
        // Squares of −1, −3, 4, 0 are 26 in all.
        #expect(abs(values.standardDeviation - 6.5.squareRoot()) < 1e-12)
        // Place 2.7 between 5 and 9; place 2.97.
        #expect(abs(values.p90 - 7.8) < 1e-12 && abs(values.p99 - 8.88) < 1e-12 && abs(values.p95 - 8.4) < 1e-12)
        #expect(Distribution([]) == nil)
    }

    @Test func `TPOT shares the time after the first output among the tokens after the first`() {
        // Four tokens in three outputs: 0.6 s over three tokens.
        let record = completed(outputs: [0.2, 0.5, 0.8], tokens: 4)
        #expect(abs((record.tpotSeconds ?? 0) - 0.2) < 1e-12)
        #expect(completed(outputs: [0.2], tokens: 1).tpotSeconds == nil)
    }

    @Test func `Throughput counts completed requests over the whole duration`() {
        var disconnected = RequestRecord(index: 2, outcome: .disconnected, startSeconds: 0, latencySeconds: 1)
        disconnected.completionTokens = 100
        let report = LoadReport(
            records: [
                completed(0, outputs: [1, 2], tokens: 6, prompt: 10),
                completed(1, outputs: [1, 3], tokens: 2, prompt: 20),
                disconnected,
            ], durationSeconds: 4)
        #expect(report.completed == 2 && report.disconnected == 1 && report.failed == 0)
        #expect(report.requestThroughput == 0.5 && report.outputThroughput == 2 && report.totalTokenThroughput == 9.5)
        #expect(report.requestGoodput == nil)
        #expect(report.itl?.count == 2 && report.itl?.mean == 1.5)
        #expect(report.ttft?.mean == 1 && report.e2el?.mean == 2.5)
        // 1 s over five tokens, 2 s over one.
        #expect(abs((report.tpot?.mean ?? 0) - 1.1) < 1e-12)
    }

    @Test func `Goodput counts the requests that keep every bound`() throws {
        let goodput = try #require(try Goodput(["ttft:200", "tpot:100", "e2el:1000"]))
        let records = [
            completed(0, outputs: [0.125, 0.625], tokens: 6),  // 100 ms a token: good
            completed(1, outputs: [0.25, 0.5], tokens: 6),  // first token late
            completed(2, outputs: [0.125, 0.875], tokens: 4),  // 250 ms a token
            completed(3, outputs: [0.125, 1.125], tokens: 101),  // ends late
            completed(4, outputs: [0.125], tokens: 1),  // has no time per token: good
        ]
        #expect(LoadReport(records: records, durationSeconds: 4, goodput: goodput).requestGoodput == 0.5)
        let first = try #require(try Goodput(["ttft:200"]))
        #expect(LoadReport(records: records, durationSeconds: 4, goodput: first).requestGoodput == 1)
    }

    @Test func `Attainment is the share of all requests but those that the client broke off, for each goal`() throws {
        let goodput = try #require(try Goodput(["ttft:200", "tpot:100"]))
        func ended(_ outcome: RequestRecord.Outcome) -> RequestRecord {
            RequestRecord(index: 9, outcome: outcome, startSeconds: 0, latencySeconds: 0.1)
        }
        let records = [
            completed(0, outputs: [0.125, 0.625], tokens: 6),  // good
            completed(1, outputs: [0.25, 0.5], tokens: 6),  // first token late
            completed(2, outputs: [0.125, 0.875], tokens: 4),  // slow
            ended(.rejected(status: 429, hasRetryAfter: false)), ended(.disconnected),
        ]
        let attainment = try #require(LoadReport(records: records, durationSeconds: 1, goodput: goodput).attainment)
        #expect(attainment.all == 0.25 && attainment.ttft == 0.5 && attainment.tpot == 0.5 && attainment.e2el == nil)
        #expect(LoadReport(records: records, durationSeconds: 1).attainment == nil)
        #expect(LoadReport(records: [ended(.disconnected)], durationSeconds: 1, goodput: goodput).attainment == nil)
    }

    @Test func `MLPerf's limits have names`() throws {
        let goodput = try #require(try Goodput(["mlperf:llama3.1-8b-interactive"]))
        #expect(goodput.ttftSeconds == 0.5 && goodput.tpotSeconds == 0.03 && goodput.e2elSeconds == nil)
        #expect(Set(Goodput.mlperf.map(\.name)).count == Goodput.mlperf.count)
        for terms in [["mlperf:nope"], ["mlperf:llama2-70b", "ttft:5"], ["ttft:5", "mlperf:llama2-70b"]] {
            #expect { try Goodput(terms) } throws: { ($0 as? LLMGenError)?.message.contains("mlperf:") ?? false }
        }
    }

    @Test func `What was sent late counts from its time, and is under way from its sending`() {
        var late = completed(0, start: 1, outputs: [3, 4], tokens: 2)
        late.sendDelaySeconds = 2
        let report = LoadReport(
            records: [late, completed(1, start: 1, outputs: [1, 1.5], tokens: 2)], durationSeconds: 5)
        #expect(report.ttft?.max == 3 && report.e2el?.max == 4 && report.sendDelay?.max == 2)
        #expect(report.peakConcurrency == 1)
    }

    @Test func `The steady state is where nine tenths of the peak run`() throws {
        // Ten requests begin at 0 to 9 s and end at 10 to 19 s; a token a second.
        let records = (0..<10).map { index in
            completed(index, start: Double(index), outputs: (1...10).map(Double.init), tokens: 10)
        }
        let steady = try #require(LoadReport(records: records, durationSeconds: 19).steady)
        #expect(steady.peakConcurrency == 10 && steady.startSeconds == 8 && steady.endSeconds == 11)
        // Of the seconds 9, 10 and 11: 9, 10 and 9 outputs; two requests end at 10 and 11.
        #expect(abs(steady.outputTokensPerSecond - 28.0 / 3) < 1e-12)
        #expect(abs(steady.requestsPerSecond - 2.0 / 3) < 1e-12)
        #expect(LoadReport(records: [], durationSeconds: 1).steady == nil)
    }

    @Test(arguments: ["ttft", "ttft:", "ttft:-1", "ttft:inf", "itl:5", "ttft:1:2", "TTFT:1", ""])
    func `A goodput term that is none is refused`(term: String) {
        #expect { try Goodput(["e2el:1", term]) } throws: { error in
            guard let error = error as? LLMGenError else { return false }
            return error.code == .invalidArgument && error.message.contains("'\(term)'")
        }
    }

    @Test func `The same goodput term twice is refused`() {
        #expect(throws: LLMGenError.self) { try Goodput(["ttft:1", "ttft:2"]) }
    }

    @Test func `Peak concurrency counts requests from their start up to their last output`() {
        func peak(_ spans: [(Double, Double)]) -> Int {
            let records = spans.enumerated().map {
                completed($0.offset, start: $0.element.0, outputs: [$0.element.1 - $0.element.0], tokens: 1)
            }
            return LoadReport(records: records, durationSeconds: 10).peakConcurrency
        }
        #expect(peak([(0, 2), (1, 3), (1.5, 1.75)]) == 3)
        // One begins as the other ends.
        #expect(peak([(0, 2), (2, 3)]) == 1)
        #expect(peak([]) == 0)
    }

    @Test func `The peak of outputs is that of whole seconds from the start`() {
        let report = LoadReport(
            records: [
                completed(0, outputs: [0.5, 1.25, 1.5], tokens: 3),
                completed(1, start: 1, outputs: [0.5, 1.5], tokens: 2),
            ], durationSeconds: 3)
        // Second 0 has one, second 1 has 1.25, 1.5 and 1.5, second 2 has one.
        #expect(report.peakOutputsPerSecond == 3)
    }

    @Test func `Rejections and failures are counted apart, by kind`() {
        func ended(_ index: Int, _ outcome: RequestRecord.Outcome, seconds: Double) -> RequestRecord {
            RequestRecord(index: index, outcome: outcome, startSeconds: 0, latencySeconds: seconds)
        }
        let report = LoadReport(
            records: [
                ended(3, .failed(.init(kind: "closed", message: "third")), seconds: 1),
                ended(0, .rejected(status: 429, hasRetryAfter: true), seconds: 0.25),
                ended(1, .rejected(status: 503, hasRetryAfter: false), seconds: 0.75),
                ended(2, .failed(.init(kind: "closed", message: "second")), seconds: 1),
                ended(4, .failed(.init(kind: "status_500", message: "fourth")), seconds: 1),
            ], durationSeconds: 1)
        #expect(report.completed == 0 && report.failed == 3)
        #expect(report.rejections.count == 2 && report.rejections.withRetryAfter == 1)
        #expect(report.rejections.latency?.median == 0.5 && report.rejections.latency?.max == 0.75)
        #expect(
            report.failures == [
                .init(kind: "closed", count: 2, firstMessage: "second"),
                .init(kind: "status_500", count: 1, firstMessage: "fourth"),
            ])
        #expect(report.ttft == nil && report.outputThroughput == 0)
    }
}

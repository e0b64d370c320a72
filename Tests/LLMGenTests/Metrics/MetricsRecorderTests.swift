import CoreMetrics
import Foundation
import LLMGen
import LLMTestSupport
import MetricsTestKit
import Testing

@Suite struct MetricsRecorderTests {
    private let factory = TestMetrics()
    private let recorder: MetricsRecorder

    init() {
        recorder = MetricsRecorder(model: "m", kvBlocks: 80, maxModelLength: 4096, factory: factory)
    }

    /// Tells of a small load: two requests, one of which is preempted, and one that is refused.
    private func tell() {
        recorder.lookedUp(tokens: 100, found: 64)
        recorder.rejected()
        recorder.step(rows: 36, promptRows: 36, durationNanoseconds: 20_000_000, overTarget: false)
        recorder.firstToken(nanosecondsSinceArrival: 30_000_000, promptTokens: 100, cachedTokens: 64)
        recorder.preempted()
        recorder.recomputed(tokens: 101)
        recorder.step(rows: 103, promptRows: 101, durationNanoseconds: 60_000_000, overTarget: true)
        recorder.step(rows: 2, promptRows: 0, durationNanoseconds: 5_000_000, overTarget: false)
        recorder.token(gapNanoseconds: 80_000_000)
        recorder.firstToken(nanosecondsSinceArrival: 300_000_000, promptTokens: 2, cachedTokens: 0)
        recorder.gauges(running: 2, waiting: 1, usedBlocks: 20, cachedBlocks: 8)
        recorder.finished(
            .stop, queueSeconds: 0.01, prefillSeconds: 0.02, decodeSeconds: 0.08, totalSeconds: 0.11, promptTokens: 100,
            generationTokens: 2)
        recorder.finished(
            .abort, queueSeconds: 2, prefillSeconds: nil, decodeSeconds: nil, totalSeconds: 2, promptTokens: 7,
            generationTokens: 0)
    }

    @Test func `A new engine's metrics are zero`() {
        let metrics = recorder.snapshot()
        #expect(metrics.kvBlocks == 80 && metrics.kvUsage == 0 && metrics.steps == 0 && metrics.promptTokens == 0)
        #expect(metrics.finishedRequests.count == FinishReason.allCases.count)
        #expect(metrics.finishedRequests.values.allSatisfy { $0 == 0 })
        #expect(metrics.secondsSinceLastStep == nil)
        #expect(metrics.interTokenLatency.count == 0)
    }

    @Test func `What is told is counted`() {
        tell()
        let metrics = recorder.snapshot()
        #expect(metrics.running == 2 && metrics.waiting == 1)
        #expect(metrics.usedBlocks == 20 && metrics.cachedBlocks == 8 && metrics.kvUsage == 0.25)
        #expect(metrics.prefixCacheQueries == 100 && metrics.prefixCacheHits == 64)
        #expect(metrics.preemptions == 1 && metrics.recomputedTokens == 101)
        #expect(metrics.promptTokens == 102 && metrics.cachedPromptTokens == 64 && metrics.generationTokens == 3)
        #expect(metrics.finishedRequests.filter { $0.value > 0 } == [.stop: 1, .abort: 1])
        #expect(metrics.admissionRejections == 1 && metrics.steps == 3 && metrics.stepsOverTarget == 1)
    }

    @Test func `Times are counted in seconds, in vLLM's buckets`() {
        tell()
        let metrics = recorder.snapshot()
        #expect(metrics.timeToFirstToken.counts[4] == 1)  // 0.02 to 0.04
        #expect(metrics.timeToFirstToken.counts[9] == 1)  // 0.25 to 0.5
        #expect(abs(metrics.timeToFirstToken.sum - 0.33) < 1e-12)
        #expect(metrics.interTokenLatency.counts[4] == 1)  // 0.075 to 0.1
        #expect(metrics.stepTime.counts[0] == 1 && metrics.stepTime.counts[1] == 1 && metrics.stepTime.counts[3] == 1)
        #expect(metrics.stepRows.counts[4] == 1 && metrics.stepRows.counts[5] == 1)  // 32 to 64, 64 to 128
        #expect(metrics.queueTime.counts[0] == 1 && metrics.queueTime.counts[5] == 1)
        #expect(metrics.endToEndLatency.sum == 2.11)
        #expect(metrics.requestPromptTokens.sum == 107 && metrics.requestGenerationTokens.sum == 2)
    }

    @Test func `A step is one of prompts, of outputs, or of both`() {
        tell()
        let metrics = recorder.snapshot()
        #expect(metrics.prefillStepTokens == 36 && abs(metrics.prefillStepTime.sum - 0.02) < 1e-12)
        #expect(metrics.mixedStepTokens == 103 && abs(metrics.mixedStepTime.sum - 0.06) < 1e-12)
        #expect(metrics.decodeStepTokens == 2 && abs(metrics.decodeStepTime.sum - 0.005) < 1e-12)
    }

    @Test func `A request that had no token has no prefill and no decode time`() {
        tell()
        let metrics = recorder.snapshot()
        #expect(metrics.prefillTime.count == 1 && metrics.decodeTime.count == 1 && metrics.queueTime.count == 2)
    }

    @Test(arguments: [(1, [1.0]), (4096, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]), (5, [1, 2, 5])])
    func `Buckets of a request's tokens end with the longest there may be`(length: Int, edges: [Double]) {
        let recorder = MetricsRecorder(model: "m", kvBlocks: 1, maxModelLength: length, factory: factory)
        #expect(recorder.snapshot().requestPromptTokens.edges == edges)
    }

    @Test func `The time since the last step runs on by itself`() {
        let start = ContinuousClock.now
        recorder.step(rows: 1, promptRows: 0, durationNanoseconds: 1, overTarget: false, at: start)
        recorder.token(gapNanoseconds: 5)
        #expect(recorder.snapshot(at: start + .seconds(5)).secondsSinceLastStep == 5)
        #expect(recorder.snapshot(at: start - .seconds(1)).secondsSinceLastStep == 0)
    }

    @Test func `Snapshots of other threads are whole and never fall`() async {
        await withTaskGroup(of: Void.self) { [recorder] group in
            for _ in 0..<2 {
                group.addTask {
                    var last = recorder.snapshot()
                    while last.steps < 2000 {
                        let next = recorder.snapshot()
                        #expect(next.steps >= last.steps && next.generationTokens >= last.generationTokens)
                        #expect(next.stepRows.count == next.steps && next.stepTime.counts.reduce(0, +) == next.steps)
                        #expect(next.interTokenLatency.sum >= last.interTokenLatency.sum)
                        #expect(next.running == next.waiting)
                        last = next
                        await Task.yield()
                    }
                }
            }
            for step in 1...2000 {
                recorder.gauges(running: step, waiting: step, usedBlocks: 1, cachedBlocks: 0)
                recorder.token(gapNanoseconds: Int64(step))
                recorder.step(rows: step, promptRows: step / 2, durationNanoseconds: Int64(step), overTarget: false)
            }
        }
        #expect(recorder.snapshot().generationTokens == 2000)
    }

    @Test func `swift-metrics gets the same numbers`() throws {
        tell()
        let model = [("model_name", "m")]
        let metrics = recorder.snapshot()
        for (name, value) in [
            ("prefix_cache_queries", metrics.prefixCacheQueries), ("prefix_cache_hits", metrics.prefixCacheHits),
            ("num_preemptions", metrics.preemptions), ("recomputed_tokens", metrics.recomputedTokens),
            ("prompt_tokens", metrics.promptTokens), ("prompt_tokens_cached", metrics.cachedPromptTokens),
            ("generation_tokens", metrics.generationTokens), ("admission_rejections", metrics.admissionRejections),
            ("steps", metrics.steps), ("steps_over_target", metrics.stepsOverTarget),
            ("prefill_step_tokens", metrics.prefillStepTokens), ("decode_step_tokens", metrics.decodeStepTokens),
            ("mixed_step_tokens", metrics.mixedStepTokens),
        ] {
            #expect(try factory.expectCounter("llmgen_\(name)_total", model).totalValue == Int64(value), "\(name)")
        }
        for (reason, count) in metrics.finishedRequests {
            let dimensions = model + [("finished_reason", reason.rawValue)]
            #expect(
                try factory.expectCounter("llmgen_request_success_total", dimensions).totalValue == Int64(count))
        }
        for (name, value) in [
            ("num_requests_running", 2.0), ("num_requests_waiting", 1), ("kv_blocks", 80), ("kv_blocks_used", 20),
            ("kv_blocks_cached", 8), ("kv_cache_usage_perc", 0.25),
        ] {
            #expect(try factory.expectGauge("llmgen_\(name)", model).lastValue == value, "\(name)")
        }
        for (name, histogram) in [
            ("request_queue_time", metrics.queueTime), ("time_to_first_token", metrics.timeToFirstToken),
            ("inter_token_latency", metrics.interTokenLatency), ("e2e_request_latency", metrics.endToEndLatency),
            ("request_prefill_time", metrics.prefillTime), ("request_decode_time", metrics.decodeTime),
            ("step_time", metrics.stepTime), ("prefill_step_time", metrics.prefillStepTime),
            ("decode_step_time", metrics.decodeStepTime), ("mixed_step_time", metrics.mixedStepTime),
        ] {
            let values = try factory.expectTimer("llmgen_\(name)_seconds", model).values
            #expect(values.count == histogram.count, "\(name)")
            #expect(abs(Double(values.reduce(0, +)) * 1e-9 - histogram.sum) < 1e-9, "\(name)")
        }
        for (name, histogram) in [
            ("iteration_tokens_total", metrics.stepRows), ("request_prompt_tokens", metrics.requestPromptTokens),
            ("request_generation_tokens", metrics.requestGenerationTokens),
        ] {
            let values = try factory.expectRecorder("llmgen_\(name)", model).values
            #expect(values.count == histogram.count && values.reduce(0, +) == histogram.sum, "\(name)")
        }
    }

    @Test func `The documentation's table has every metric, and no other`() throws {
        let text = try String(contentsOf: Paths.root.appending(path: "docs/metrics.md"), encoding: .utf8)
        let documented = text.split(separator: "\n").compactMap { $0.firstMatch(of: /^\| `(llmgen_\w+)`/)?.1 }
        let labels =
            factory.counters.map(\.label) + factory.recorders.map(\.label) + factory.timers.map(\.label)
        #expect(Set(documented.map(String.init)) == Set(labels))
        #expect(Set(documented).count == documented.count)
    }
}

package import CoreMetrics
import Synchronization

/// Keeps an engine's metrics: its thread tells what happens, any thread may ask for a snapshot.
///
/// What is told also goes to swift-metrics. A call takes a lock that only a snapshot contends for, and that for less
/// than a microsecond, so that every token and every step can be told as it comes.
package final class MetricsRecorder: Sendable {
    private struct State {
        var metrics: EngineMetrics
        var lastStep: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let reported: ReportedMetrics

    /// The recorder of an engine with so many blocks, whose sequences may have so many tokens.
    ///
    /// - Parameters:
    ///   - model: the model's name, for swift-metrics.
    ///   - factory: where metrics are reported; unless given, the program's own choice.
    package init(
        model: String, kvBlocks: Int, maxModelLength: Int, factory: any MetricsFactory = MetricsSystem.factory
    ) {
        state = Mutex(State(metrics: EngineMetrics(kvBlocks: kvBlocks, maxModelLength: maxModelLength)))
        reported = ReportedMetrics(model: model, kvBlocks: kvBlocks, factory: factory)
    }

    /// The metrics now.
    package func snapshot(at now: ContinuousClock.Instant = .now) -> EngineMetrics {
        state.withLock { state in
            var metrics = state.metrics
            metrics.secondsSinceLastStep = state.lastStep.map { max(0, (now - $0).seconds) }
            return metrics
        }
    }

    /// How full the engine is after a step, or after what came in and went out between steps.
    ///
    /// - Parameters:
    ///   - usedBlocks: blocks that running sequences refer to.
    ///   - cachedBlocks: blocks that none refers to, with contents that can still be found.
    package func gauges(running: Int, waiting: Int, usedBlocks: Int, cachedBlocks: Int) {
        let usage = state.withLock { state in
            state.metrics.running = running
            state.metrics.waiting = waiting
            state.metrics.usedBlocks = usedBlocks
            state.metrics.cachedBlocks = cachedBlocks
            return state.metrics.kvUsage
        }
        reported.running.record(running)
        reported.waiting.record(waiting)
        reported.usedBlocks.record(usedBlocks)
        reported.cachedBlocks.record(cachedBlocks)
        reported.kvUsage.record(usage)
    }

    /// A step is done.
    ///
    /// - Parameters:
    ///   - rows: tokens that it computed.
    ///   - overTarget: whether it took longer than the target for the time between tokens.
    ///   - now: when it was done.
    package func step(
        rows: Int, durationNanoseconds: Int64, overTarget: Bool, at now: ContinuousClock.Instant = .now
    ) {
        state.withLock { state in
            state.lastStep = now
            state.metrics.steps += 1
            if overTarget { state.metrics.stepsOverTarget += 1 }
            state.metrics.stepTime.observe(seconds(durationNanoseconds))
            state.metrics.stepRows.observe(Double(rows))
        }
        reported.steps.increment()
        if overTarget { reported.stepsOverTarget.increment() }
        reported.stepTime.recordNanoseconds(durationNanoseconds)
        reported.stepRows.record(rows)
    }

    /// A request was not admitted.
    package func rejected() {
        state.withLock { $0.metrics.admissionRejections += 1 }
        reported.admissionRejections.increment()
    }

    /// A prompt was looked up in the prefix cache. - Parameters: tokens looked for, and found.
    package func lookedUp(tokens: Int, found: Int) {
        state.withLock { state in
            state.metrics.prefixCacheQueries += tokens
            state.metrics.prefixCacheHits += found
        }
        reported.prefixCacheQueries.increment(by: tokens)
        reported.prefixCacheHits.increment(by: found)
    }

    /// A request lost its blocks to another.
    package func preempted() {
        state.withLock { $0.metrics.preemptions += 1 }
        reported.preemptions.increment()
    }

    /// Tokens were computed once more for a request that had lost its blocks.
    package func recomputed(tokens: Int) {
        state.withLock { $0.metrics.recomputedTokens += tokens }
        reported.recomputedTokens.increment(by: tokens)
    }

    /// A prompt is done, and the first token after it generated.
    ///
    /// - Parameters:
    ///   - nanosecondsSinceArrival: from the request's arrival to the token.
    ///   - promptTokens: tokens of the prompt, with those found in the cache.
    ///   - cachedTokens: tokens of the prompt found in the cache.
    package func firstToken(nanosecondsSinceArrival: Int64, promptTokens: Int, cachedTokens: Int) {
        state.withLock { state in
            state.metrics.promptTokens += promptTokens
            state.metrics.cachedPromptTokens += cachedTokens
            state.metrics.generationTokens += 1
            state.metrics.timeToFirstToken.observe(seconds(nanosecondsSinceArrival))
        }
        reported.promptTokens.increment(by: promptTokens)
        reported.cachedPromptTokens.increment(by: cachedTokens)
        reported.generationTokens.increment()
        reported.timeToFirstToken.recordNanoseconds(nanosecondsSinceArrival)
    }

    /// A prompt is done that no token is generated after. - Parameter promptTokens: its tokens, all computed.
    package func computed(promptTokens: Int) {
        state.withLock { $0.metrics.promptTokens += promptTokens }
        reported.promptTokens.increment(by: promptTokens)
    }

    /// A request has another token. - Parameter gapNanoseconds: since its token before; nil for the first one of a
    /// sample that is not the request's first.
    package func token(gapNanoseconds: Int64?) {
        state.withLock { state in
            state.metrics.generationTokens += 1
            if let gapNanoseconds { state.metrics.interTokenLatency.observe(seconds(gapNanoseconds)) }
        }
        reported.generationTokens.increment()
        if let gapNanoseconds { reported.interTokenLatency.recordNanoseconds(gapNanoseconds) }
    }

    /// A request has ended.
    ///
    /// - Parameters:
    ///   - queueSeconds: from its arrival to its first step, or to its end where there was none.
    ///   - prefillSeconds: from its first step to its first token, or to the end of what has no tokens; nil where it did
    ///     not come to that.
    ///   - decodeSeconds: from its first token to its last; nil where there was none.
    ///   - totalSeconds: from its arrival to its end.
    package func finished(
        _ reason: FinishReason, queueSeconds: Double, prefillSeconds: Double?, decodeSeconds: Double?,
        totalSeconds: Double, promptTokens: Int, generationTokens: Int
    ) {
        state.withLock { state in
            state.metrics.finishedRequests[reason, default: 0] += 1
            state.metrics.queueTime.observe(queueSeconds)
            if let prefillSeconds { state.metrics.prefillTime.observe(prefillSeconds) }
            if let decodeSeconds { state.metrics.decodeTime.observe(decodeSeconds) }
            state.metrics.endToEndLatency.observe(totalSeconds)
            state.metrics.requestPromptTokens.observe(Double(promptTokens))
            state.metrics.requestGenerationTokens.observe(Double(generationTokens))
        }
        reported.finishedRequests[reason]?.increment()
        reported.queueTime.recordSeconds(queueSeconds)
        if let prefillSeconds { reported.prefillTime.recordSeconds(prefillSeconds) }
        if let decodeSeconds { reported.decodeTime.recordSeconds(decodeSeconds) }
        reported.endToEndLatency.recordSeconds(totalSeconds)
        reported.requestPromptTokens.record(promptTokens)
        reported.requestGenerationTokens.record(generationTokens)
    }
}

private func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) * 1e-9 }

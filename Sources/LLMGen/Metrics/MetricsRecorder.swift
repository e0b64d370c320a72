package import CoreMetrics
import Synchronization

/// Keeps an engine's metrics: its thread tells what happens, any thread may ask for a snapshot.
///
/// What is told also goes to swift-metrics. A call takes a lock that only a snapshot contends for, and that for less
/// than a microsecond, so that every token and every step can be told as it comes.
package final class MetricsRecorder: Sendable {
    private let metrics: Mutex<EngineMetrics>
    private let lastStep = Mutex<ContinuousClock.Instant?>(nil)
    private let reported: ReportedMetrics

    /// The recorder of an engine with so many blocks and slots of states, whose sequences may have so many tokens.
    ///
    /// - Parameters:
    ///   - model: the model's name, for swift-metrics.
    ///   - factory: where metrics are reported; unless given, the program's own choice.
    package init(
        model: String, kvBlocks: Int, stateSlots: Int = 0, maxModelLength: Int,
        factory: any MetricsFactory = MetricsSystem.factory
    ) {
        let metrics = EngineMetrics(kvBlocks: kvBlocks, stateSlots: stateSlots, maxModelLength: maxModelLength)
        self.metrics = Mutex(metrics)
        reported = ReportedMetrics(model: model, factory: factory)
        reported.gauges(of: metrics)
    }

    /// The metrics now.
    package func snapshot(at now: ContinuousClock.Instant = .now) -> EngineMetrics {
        var metrics = metrics.withLock { $0 }
        metrics.secondsSinceLastStep = lastStep.withLock { $0 }.map { max(0, (now - $0).seconds) }
        return metrics
    }

    private func update(_ changes: MetricChange...) {
        metrics.withLock { metrics in
            for change in changes { change.apply(to: &metrics) }
        }
        for change in changes { reported.report(change) }
    }

    /// How full the engine is after a step, or after what came in and went out between steps.
    ///
    /// - Parameters:
    ///   - usedBlocks: blocks that running sequences refer to.
    ///   - cachedBlocks: blocks that none refers to, with contents that can still be found.
    ///   - usedStateSlots: slots of states that running sequences hold.
    ///   - snapshots: slots that none holds, with states that can still be found.
    package func gauges(
        running: Int, waiting: Int, usedBlocks: Int, cachedBlocks: Int, usedStateSlots: Int = 0, snapshots: Int = 0
    ) {
        let metrics = metrics.withLock { metrics in
            metrics.running = running
            metrics.waiting = waiting
            metrics.usedBlocks = usedBlocks
            metrics.cachedBlocks = cachedBlocks
            metrics.usedStateSlots = usedStateSlots
            metrics.stateSnapshots = snapshots
            return metrics
        }
        reported.gauges(of: metrics)
    }

    /// A step is done.
    ///
    /// - Parameters:
    ///   - rows: tokens that it computed.
    ///   - promptRows: those of them that belong to prompts.
    ///   - overTarget: whether it took longer than the target for the time between tokens.
    ///   - now: when it was done.
    package func step(
        rows: Int, promptRows: Int, durationNanoseconds: Int64, overTarget: Bool,
        at now: ContinuousClock.Instant = .now
    ) {
        lastStep.withLock { $0 = now }
        let time: MetricChange.Path<Histogram>
        let tokens: MetricChange.Path<Int>
        switch promptRows {
        case 0: (time, tokens) = (\.decodeStepTime, \.decodeStepTokens)
        case rows: (time, tokens) = (\.prefillStepTime, \.prefillStepTokens)
        default: (time, tokens) = (\.mixedStepTime, \.mixedStepTokens)
        }
        update(
            .add(1, to: \.steps), .add(overTarget ? 1 : 0, to: \.stepsOverTarget),
            .observe(seconds(durationNanoseconds), in: \.stepTime), .observe(Double(rows), in: \.stepRows),
            .observe(seconds(durationNanoseconds), in: time), .add(rows, to: tokens))
    }

    /// A request was not admitted.
    package func rejected() {
        update(.add(1, to: \.admissionRejections))
    }

    /// A prompt was looked up in the prefix cache. - Parameters: tokens looked for, and found.
    package func lookedUp(tokens: Int, found: Int) {
        update(.add(tokens, to: \.prefixCacheQueries), .add(found, to: \.prefixCacheHits))
    }

    /// A request lost its blocks to another.
    package func preempted() {
        update(.add(1, to: \.preemptions))
    }

    /// Tokens were computed once more for a request that had lost its blocks.
    package func recomputed(tokens: Int) {
        update(.add(tokens, to: \.recomputedTokens))
    }

    /// A prompt is done, and the first token after it generated.
    ///
    /// - Parameters:
    ///   - nanosecondsSinceArrival: from the request's arrival to the token.
    ///   - promptTokens: tokens of the prompt, with those found in the cache.
    ///   - cachedTokens: tokens of the prompt found in the cache.
    package func firstToken(nanosecondsSinceArrival: Int64, promptTokens: Int, cachedTokens: Int) {
        update(
            .add(promptTokens, to: \.promptTokens), .add(cachedTokens, to: \.cachedPromptTokens),
            .add(1, to: \.generationTokens), .observe(seconds(nanosecondsSinceArrival), in: \.timeToFirstToken))
    }

    /// A prompt is done that no token is generated after. - Parameter promptTokens: its tokens, all computed.
    package func computed(promptTokens: Int) {
        update(.add(promptTokens, to: \.promptTokens))
    }

    /// A request has another token. - Parameter gapNanoseconds: since its token before; nil for the first one of a
    /// sample that is not the request's first.
    package func token(gapNanoseconds: Int64?) {
        update(.add(1, to: \.generationTokens), .observe(gapNanoseconds.map(seconds), in: \.interTokenLatency))
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
        update(
            .count(reason, in: \.finishedRequests), .observe(queueSeconds, in: \.queueTime),
            .observe(prefillSeconds, in: \.prefillTime), .observe(decodeSeconds, in: \.decodeTime),
            .observe(totalSeconds, in: \.endToEndLatency), .observe(Double(promptTokens), in: \.requestPromptTokens),
            .observe(Double(generationTokens), in: \.requestGenerationTokens))
    }
}

private func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) * 1e-9 }

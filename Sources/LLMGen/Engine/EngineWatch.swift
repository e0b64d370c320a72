import Synchronization

/// What other threads read at any time: the engine's metrics, and the time of its last progress.
final class EngineWatch: Sendable {
    let metrics: MetricsRecorder
    private let lastProgress = Mutex<ContinuousClock.Instant?>(nil)

    init(_ metrics: MetricsRecorder) { self.metrics = metrics }

    /// Work was given to the thread.
    func began() { lastProgress.withLock { $0 = $0 ?? .now } }

    /// The thread got on; `isWorking` is whether it has more to do.
    func progress(isWorking: Bool) { lastProgress.withLock { $0 = isWorking ? .now : nil } }

    /// Seconds since the thread last got on; nil where it has nothing to do.
    var secondsWithoutProgress: Double? { lastProgress.withLock { $0 }.map { max(0, (.now - $0).seconds) } }
}

import Dispatch
import Foundation
import LLMGen
import Synchronization

/// Ctrl-C: the first ends what runs, with the text so far; a second ends the process, unless a session goes on.
final class Interrupt: Sendable {
    private let engine = Mutex<Engine?>(nil)
    private let seen = Atomic<Bool>(false)
    private let watched = Atomic<Bool>(false)
    private let endsProcess: Bool
    /// Used by `init` only, and kept so that it goes on.
    nonisolated(unsafe) private let source = DispatchSource.makeSignalSource(signal: SIGINT)

    /// Whether Ctrl-C was pressed.
    var happened: Bool { seen.load(ordering: .relaxed) }

    /// - Parameter endsProcess: whether a second one ends the process while requests run.
    init(endsProcess: Bool = true) {
        self.endsProcess = endsProcess
        // On Linux the source takes the signal over once it is registered; ignored before, one that comes early is lost.
        #if canImport(Darwin)
            signal(SIGINT, SIG_IGN)
        #endif
        source.setEventHandler { [self] in
            if watched.load(ordering: .relaxed), !seen.exchange(true, ordering: .relaxed) { return }
            // Nothing runs yet, or it has been told to end: leave at once.
            guard let engine = engine.withLock({ $0 }), !seen.exchange(true, ordering: .relaxed) || !endsProcess else {
                Terminal.restore()
                _exit(CommandFailure.interrupted)
            }
            engine.abortAll()
        }
        source.resume()
    }

    /// From now on an interrupt ends the engine's requests. It does not end later ones, so call this after the last, or
    /// look afterwards whether it ``happened``.
    func aborts(_ engine: Engine) {
        seen.store(false, ordering: .relaxed)
        self.engine.withLock { $0 = engine }
    }

    /// From now on the first interrupt ends nothing by itself: what runs looks whether it ``happened``.
    func isWatched() { watched.store(true, ordering: .relaxed) }

    /// Nothing runs any more: an interrupt ends the process again.
    func rests() {
        engine.withLock { $0 = nil }
        watched.store(false, ordering: .relaxed)
    }
}

import Dispatch
import Foundation

/// The engine's thread: takes what the inbox holds, then steps, until it is told to shut down.
struct EngineLoop {
    private let inbox: EngineInbox
    private var core: EngineCore
    private var isPaused = false
    private var drained: [@Sendable () -> Void] = []

    /// Starts the thread. The core belongs to it from here on.
    static func start(_ core: sending EngineCore, _ inbox: EngineInbox) {
        let start = Handover(core)
        let thread = Thread {
            var loop = EngineLoop(inbox: inbox, core: start.take())
            loop.run()
        }
        thread.name = "llmgen-engine"
        thread.start()
    }

    private init(inbox: EngineInbox, core: consuming EngineCore) {
        self.inbox = inbox
        self.core = core
    }

    private mutating func run() {
        while true {
            for message in inbox.take(waitingUntil: wait) where !take(message) { return }
            core.expire()
            if !isPaused, !core.isIdle { core.observedStep() }
            core.report()
            core.observer.watch.progress(isWorking: !isPaused && !core.isIdle)
            if core.isIdle {
                for reply in drained { reply() }
                drained = []
            }
        }
    }

    /// Until when there is nothing to do but to wait for a message; nil where there is.
    private var wait: DispatchTime? {
        if core.isIdle { return .distantFuture }
        guard isPaused else { return nil }
        return core.secondsToDeadline.map { .now() + max(0, $0) } ?? .distantFuture
    }

    /// False where the thread is to end.
    private mutating func take(_ message: EngineInbox.Message) -> Bool {
        switch message {
        case .submit(let jobs): for job in jobs { core.add(job) }
        case .abort(let id): core.end(id, .abort)
        case .abortNamed(let name): core.abort(named: name)
        case .abortAll: core.abortAll()
        case .pause: isPaused = true
        case .resume:
            isPaused = false
            core.acceptsRequests = true
        case .drain(let reply):
            core.acceptsRequests = false
            drained.append(reply)
        case .resetPrefixCache: core.resetPrefixCache()
        case .subscribe(let continuation): core.observer.subscribe(continuation)
        case .settle(let reply):
            core.report()
            reply()
        case .shutDown:
            core.failAll(LLMGenError(code: .shutDown, message: "the engine was shut down; start another"))
            for reply in drained { reply() }
            return false
        }
        return true
    }
}

/// Gives a value that is not `Sendable` to one thread, once.
private final class Handover<Value>: @unchecked Sendable {
    private var value: Value?

    init(_ value: sending Value) { self.value = value }

    func take() -> Value {
        defer { value = nil }
        guard let value else { preconditionFailure("handed over twice") }
        return value
    }
}

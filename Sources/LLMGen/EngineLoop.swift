import Foundation

/// The engine's thread: takes what the inbox holds, then steps, until it is told to shut down.
struct EngineLoop {
    private let inbox: EngineInbox
    private var core: EngineCore

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

    private mutating func run() {
        while true {
            for message in inbox.take(wait: core.isIdle) {
                switch message {
                case .add(let requests): for request in requests { core.add(request) }
                case .abort(let id): core.abort(id)
                case .abortAll: core.abortAll()
                case .load(let reply): reply(core.load)
                case .shutDown:
                    core.failAll(LLMGenError(code: .shutDown, message: "the engine was shut down; start another"))
                    return
                }
            }
            if !core.isIdle { core.step() }
        }
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

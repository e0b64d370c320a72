import Dispatch
import LLMScheduling
import Synchronization

/// The one way to the engine's thread: requests and cancellations, in order.
final class EngineInbox: Sendable {
    enum Message: Sendable {
        /// Requests that came together: no step is computed between them.
        case add([EngineRequest])
        case abort(SequenceID)
        case abortAll
        case load(@Sendable (EngineLoad) -> Void)
        case shutDown
    }

    private let messages = Mutex<[Message]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        arrivals.signal()
    }

    /// What has come; with `wait`, at least one message.
    func take(wait: Bool) -> [Message] {
        if wait { arrivals.wait() }
        let taken = messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
        // One signal for each message is spent; a wait has spent the first.
        for _ in 0..<max(0, taken.count - (wait ? 1 : 0)) { _ = arrivals.wait(timeout: .now()) }
        return taken
    }
}

import Dispatch
import LLMScheduling
import Synchronization

/// The one way to the engine's thread: requests, cancellations and orders, in order.
final class EngineInbox: Sendable {
    enum Message: Sendable {
        /// Jobs that came together: no step is computed between them.
        case submit([any EngineJob])
        /// Ends the job of that number.
        case abort(SequenceID)
        case abortNamed(String)
        case abortAll
        case pause
        case resume
        /// Replies once no request is live; new ones are refused from here on.
        case drain(@Sendable () -> Void)
        case resetPrefixCache
        case subscribe(AsyncStream<EngineEvent>.Continuation)
        /// Replies when everything before it has been taken.
        case settle(@Sendable () -> Void)
        case shutDown
    }

    private let messages = Mutex<[Message]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        arrivals.signal()
    }

    /// What has come. Waits for at least one message until `deadline`; without one, not at all.
    func take(waitingUntil deadline: DispatchTime?) -> [Message] {
        let hasWaited = deadline.map { arrivals.wait(timeout: $0) == .success } ?? false
        let taken = messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
        // One signal for each message is spent; a wait has spent the first.
        for _ in 0..<max(0, taken.count - (hasWaited ? 1 : 0)) { _ = arrivals.wait(timeout: .now()) }
        return taken
    }
}

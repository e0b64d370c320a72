package import LLMGen
import Synchronization

/// What the writer of a streamed answer waits for, in the order in which it comes: pieces of the answer, quiet, the
/// client's leaving. It never holds up who brings them.
///
/// A client that reads slowly lets pieces gather here; there are no more of them than the request may have tokens.
package final class PieceQueue: Sendable {
    package enum Event: Sendable {
        /// A piece of the answer to prompt `prompt`.
        case piece(prompt: Int, OutputPiece)
        /// The answer to a prompt ends with an error.
        case failed(LLMGenError)
        /// Nothing has come for a while.
        case quiet
        /// The client is gone.
        case gone
    }

    private struct State {
        var events: [Event] = []
        var hasNews = false
        var waiter: CheckedContinuation<[Event], Never>?
    }

    private let state = Mutex(State())

    package init() {}

    package func push(_ event: Event) {
        let waiter = state.withLock { state in
            if case .quiet = event {} else { state.hasNews = true }
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter as CheckedContinuation<[Event], Never>?
            }
            state.events.append(event)
            return nil
        }
        waiter?.resume(returning: [event])
    }

    /// Pushes `quiet` if nothing has come since this was called last.
    package func tick() {
        let isQuiet = state.withLock { state in
            defer { state.hasNews = false }
            return !state.hasNews
        }
        if isQuiet { push(.quiet) }
    }

    /// Everything that has come since the last call; waits for something. One task at a time may wait.
    package func next() async -> [Event] {
        await withCheckedContinuation { waiter in
            let events = state.withLock { state in
                if state.events.isEmpty { state.waiter = waiter }
                defer { state.events = [] }
                return state.events
            }
            if !events.isEmpty { waiter.resume(returning: events) }
        }
    }
}

/// The generation behind a streamed answer: the tasks that bring its pieces. They end with it.
final class PieceReaders: Sendable {
    let queue = PieceQueue()
    private let tasks: [Task<Void, Never>]

    /// - Parameter quiet: how long nothing comes until the queue tells so.
    init(_ streams: [AsyncThrowingStream<OutputPiece, any Error>], quiet: Duration) {
        let queue = queue
        let readers = streams.enumerated().map { prompt, stream in
            Task {
                do {
                    for try await piece in stream { queue.push(.piece(prompt: prompt, piece)) }
                } catch let error as LLMGenError {
                    queue.push(.failed(error))
                } catch {
                    queue.push(.gone)
                }
            }
        }
        let clock = Task {
            while (try? await Task.sleep(for: quiet)) != nil { queue.tick() }
        }
        tasks = readers + [clock]
    }

    deinit { for task in tasks { task.cancel() } }
}

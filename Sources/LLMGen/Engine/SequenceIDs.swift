import LLMScheduling
import Synchronization

/// Numbers of sequences, each given out once in an engine's life.
final class SequenceIDs: Sendable {
    private let last = Atomic<UInt64>(0)

    /// The next number, and the `count - 1` after it.
    func next(_ count: Int = 1) -> SequenceID {
        SequenceID(last.add(UInt64(count), ordering: .relaxed).newValue - UInt64(count) + 1)
    }
}

import LLMScheduling
import Synchronization

/// Numbers of sequences, each given out once in an engine's life.
final class SequenceIDs: Sendable {
    private let last = Atomic<UInt64>(0)

    /// The next number; the first is 1.
    func next() -> SequenceID { SequenceID(last.add(1, ordering: .relaxed).newValue) }
}

/// A token of a model's vocabulary.
public typealias TokenID = Int32

/// A block of the KV cache: an index in `0 ..< blockCount`.
public typealias BlockID = Int32

/// A slot of the states of recurrent layers: an index in `0 ..< stateSlots`.
public typealias StateSlotID = Int32

/// Names one sequence for as long as it lives in a scheduler. The caller chooses it; once the sequence has
/// finished, the value may be used again.
public struct SequenceID: Hashable, Sendable, CustomStringConvertible {
    /// The caller's number.
    public let value: UInt64

    /// The sequence that the caller numbers `value`.
    public init(_ value: UInt64) { self.value = value }

    /// The number, in decimal.
    public var description: String { String(value) }
}

/// What recurrent layers keep of a sequence, in slots: one has the states of all such layers after some position. Whose a
/// slot is, and which position it stands at, the scheduler decides.
///
/// Unlike keys and values a state does not grow with the sequence, and it is overwritten as the sequence goes on. Memory is
/// taken from the system as slots are first written.
public final class StateSlots: Sendable {
    /// Floats of each layer's state, in the order of the layers.
    public let sizes: [Int]
    /// Slots there are.
    public let count: Int
    private let layers: [Storage]  // [count, size], each state at a multiple of a cache line

    /// `count` slots, all zero, for layers whose states have these sizes.
    public init(sizes: [Int], count: Int) {
        precondition(count > 0 && sizes.allSatisfy { $0 > 0 }, "state sizes")
        self.sizes = sizes
        self.count = count
        layers = sizes.map { Storage(count: StateSlots.stride($0) * count) }
    }

    /// Bytes of one slot over layers of these sizes.
    public static func byteCount(sizes: [Int]) -> Int {
        sizes.reduce(0) { $0 + stride($1) * MemoryLayout<Float>.stride }
    }

    /// Elements of the state of a layer in a slot; valid while the slots live.
    func state(_ slot: Int, layer: Int, _ elements: Range<Int>) -> UnsafeMutablePointer<Float> {
        precondition((0..<count).contains(slot), "state slot \(slot) of \(count)")
        let size = sizes[layer]
        precondition(elements.lowerBound >= 0 && elements.upperBound <= size, "elements \(elements) of \(size)")
        return layers[layer].base + slot * StateSlots.stride(size) + elements.lowerBound
    }

    private static func stride(_ size: Int) -> Int { (size + 15) / 16 * 16 }
}

/// The slots of a sequence's states: what recurrent layers know of its tokens.
///
/// A step reads the states after the computed tokens and writes those after its last one, to the same slot where the
/// sequence alone holds that, else to a free one, so that what others hold stays as it is. A slot that a step writes has
/// therefore no other reader in that step. Where a step ends with a block, its slot becomes a snapshot, and the next step
/// writes to another.
struct SequenceSlots: Sendable {
    /// States after a block of the step in flight, to become a snapshot.
    struct Border: Sendable {
        let position: Int
        let slot: StateSlotID
    }

    /// The states after the computed tokens; nil before the first.
    private(set) var current: StateSlotID?
    /// Where the step in flight writes the states after its last token; nil where none is in flight.
    private(set) var written: StateSlotID?
    /// What else it writes.
    private(set) var borders: [Border] = []
    /// Where snapshots are of use to later sequences: rising positions.
    private var lasting: [Int] = []
    /// The newest snapshot that is not one of those, and its position; the next takes its place.
    private var passing: (node: PrefixTree.NodeID, position: Int)?
    private let promptCount: Int
    /// Whether a step may be taken back and computed again, so that it must not overwrite what it reads.
    private let isRepeatable: Bool

    /// No slots, for a prompt of so many tokens.
    init(promptCount: Int, isRepeatable: Bool) {
        self.promptCount = promptCount
        self.isRepeatable = isRepeatable
    }

    /// Everything about it that can make a difference later.
    var state: [Int] {
        [Int(current ?? -1), Int(written ?? -1), passing?.position ?? -1, isRepeatable ? 1 : 0] + lasting
            + borders.flatMap { [$0.position, Int($0.slot)] }
    }
    /// The slots that it has a reference to.
    var held: [StateSlotID] {
        let own = written == current ? [current] : [current, written]
        return own.compactMap(\.self) + borders.map(\.slot)
    }
    /// Slots that must be free for it to begin.
    var needToStart: Int { isRepeatable ? 2 : 1 }
    /// Whether a step that was taken back has overwritten the states that it read. Asked between steps.
    var areLost: Bool { written != nil }

    /// Whether its next step must write to a slot that it does not have.
    func needsSlot(in pools: BlockPools) -> Bool {
        guard let states = pools.states else { return false }
        guard let current, !isRepeatable else { return true }
        return pools.pools[states].referenceCount(of: current) > 1
    }

    /// Slots that would be free without it.
    func exclusiveCount(in pools: BlockPools) -> Int {
        guard let states = pools.states, let current else { return 0 }
        return pools.pools[states].referenceCount(of: current) == 1 ? 1 : 0
    }

    // MARK: A sequence's life

    /// Begins with the states after a cached prefix. It is to leave snapshots where an equal prompt would begin, and
    /// where the tokens known so far end, since others that begin alike part there.
    mutating func start(with prefix: CachedPrefix, pools: inout BlockPools) {
        guard let states = pools.states else { return }
        if let node = prefix.nodes.last, let slot = pools.tree.block(of: node, states) {
            pools.reuse(slot, states)
            current = slot
        }
        let (last, known) = ((promptCount - 1) / pools.blockSize, prefix.knownCount)
        lasting = [known < last ? known : 0, last].filter { $0 > prefix.nodes.count }.map { $0 * pools.blockSize }
    }

    /// The same states for a sequence that branches off.
    func shared(pools: inout BlockPools) -> SequenceSlots {
        var slots = self
        if let states = pools.states, let current { pools.retain(current, states) }
        slots.lasting = []
        slots.passing = nil
        return slots
    }

    /// Gives up all slots.
    mutating func removeAll(pools: inout BlockPools) {
        guard let states = pools.states else { return }
        takeBack(pools: &pools)
        if let current { pools.release(current, states) }
        (current, written, passing) = (nil, nil, nil)
    }

    /// Its snapshots are nobody's business any more.
    mutating func leaveCache() { passing = nil }

    // MARK: A step

    /// Takes the slots that a step writes. Slots that it could do without it takes only while more than `spared` are free.
    mutating func schedule(_ positions: Range<Int>, caches: Bool, sparing spared: Int, pools: inout BlockPools) {
        guard let states = pools.states else { return }
        if needsSlot(in: pools) {
            written = pools.take(states)
        } else if let current, pools.pools[states].isCached(current), pools.freeSlotCount > spared {
            written = pools.take(states)
        } else {
            written = current
            if let current, pools.pools[states].isCached(current) { pools.forget(current, states) }
        }
        let last = positions.upperBound / pools.blockSize * pools.blockSize
        guard caches, last > positions.lowerBound else { return }
        for position in lasting.filter({ $0 != last }) + [last]
        where position > positions.lowerBound && position < positions.upperBound && pools.freeSlotCount > spared {
            borders.append(Border(position: position, slot: pools.take(states)))
        }
    }

    /// The step in flight counts as not computed. Where it wrote to the slot that it read, the states are lost.
    mutating func takeBack(pools: inout BlockPools) {
        releaseBorders(pools: &pools)
        guard let states = pools.states, let written, written != current else { return }
        pools.release(written, states)
        self.written = nil
    }

    /// The step was computed.
    mutating func advance(pools: inout BlockPools) {
        guard let states = pools.states else { return }
        if let current, current != written { pools.release(current, states) }
        current = written
        written = nil
    }

    /// Keeps the states after a block as a snapshot, if the step just computed has written them; `isEnd` is whether it ended
    /// there.
    mutating func cache(_ position: Int, as node: PrefixTree.NodeID, isEnd: Bool, pools: inout BlockPools) {
        guard let states = pools.states,
            let slot = isEnd ? current : borders.first(where: { $0.position == position })?.slot
        else { return }
        if pools.tree.block(of: node, states) == nil { pools.cache(slot, as: node, states) }
        if let passing { giveWay(passing.node, passing.position, states, pools: &pools) }
        passing = lasting.contains(position) ? nil : (node, position)
    }

    /// A snapshot within the prompt may be of use to others while nobody needs its slot; one within the output is not
    /// kept, since the next turn of a chat begins after that.
    private func giveWay(_ node: PrefixTree.NodeID, _ position: Int, _ states: Int, pools: inout BlockPools) {
        guard let slot = pools.tree.block(of: node, states), pools.pools[states].referenceCount(of: slot) == 0
        else { return }
        if position > promptCount { pools.forget(slot, states) } else { pools.demote(slot, states) }
    }

    /// The states after blocks are snapshots, or were not needed.
    mutating func releaseBorders(pools: inout BlockPools) {
        guard let states = pools.states, !borders.isEmpty else { return }
        for border in borders { pools.release(border.slot, states) }
        borders = []
    }
}

extension BlockPools {
    /// Slots of states that no sequence holds.
    var freeSlotCount: Int { states.map { pools[$0].freeCount } ?? 0 }
}

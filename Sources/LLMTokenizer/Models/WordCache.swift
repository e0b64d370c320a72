/// The ids of words that came before: a table of bounded size, emptied when it is full.
struct WordCache {
    private static let slotCount = 1 << 16
    private static let words = slotCount / 2
    /// Longer words are not kept.
    private static let wordBytes = 48

    private struct Entry {
        var hash: UInt64 = 0
        var start: Int32 = 0
        /// 0 for a free slot.
        var length: Int32 = 0
        var idStart: Int32 = 0
        var idCount: Int32 = 0
    }

    private var entries: [Entry] = []
    private var bytes: [UInt8] = []
    private var ids: [Int32] = []
    private var count = 0

    /// Appends the ids of `word`, if it is known; otherwise `encode` finds them, and they are kept.
    mutating func append(
        _ word: Span<UInt8>, to output: inout [Int32], otherwise encode: (inout [Int32]) throws(Damage) -> Void
    ) throws(Damage) {
        guard word.count <= Self.wordBytes else { return try encode(&output) }
        if entries.isEmpty { entries = Array(repeating: Entry(), count: Self.slotCount) }
        let hash = TokenTable.hash(word)
        let slot = slot(word, hash)
        let entry = entries[slot]
        if entry.length > 0 {
            for index in Int(entry.idStart)..<Int(entry.idStart + entry.idCount) { output.append(ids[index]) }
            return
        }
        let start = output.count
        try encode(&output)
        keep(word, hash, slot, output[start...])
    }

    private func slot(_ word: Span<UInt8>, _ hash: UInt64) -> Int {
        let entries = entries.span
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while entries[slot].length > 0 {
            if entries[slot].hash == hash, Int(entries[slot].length) == word.count, holds(word, entries[slot]) { break }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return slot
    }

    private func holds(_ word: Span<UInt8>, _ entry: Entry) -> Bool {
        let bytes = bytes.span
        for index in word.indices where bytes[Int(entry.start) + index] != word[index] { return false }
        return true
    }

    private mutating func keep(_ word: Span<UInt8>, _ hash: UInt64, _ slot: Int, _ new: ArraySlice<Int32>) {
        guard !word.isEmpty else { return }
        guard count < Self.words else {
            self = WordCache()
            return
        }
        entries[slot] = Entry(
            hash: hash, start: Int32(bytes.count), length: Int32(word.count), idStart: Int32(ids.count),
            idCount: Int32(new.count))
        for index in word.indices { bytes.append(word[index]) }
        ids += new
        count += 1
    }
}

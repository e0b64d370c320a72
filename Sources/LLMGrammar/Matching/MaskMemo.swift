/// Masks that were worked out, by place, as many as a number of bytes holds; the longest unused go first.
struct MaskMemo {
    private enum Content {
        case few([Int32])
        case many(TokenMask)

        var byteCount: Int {
            switch self {
            case .few(let tokens): tokens.count * 4 + 64
            case .many(let mask): mask.words.count * 8 + 64
            }
        }
    }

    private struct Entry {
        let content: Content
        let count: Int
        let openSubtrees: [MaskWalk.OpenSubtree]
        var lastUse: UInt64

        var byteCount: Int { content.byteCount + openSubtrees.count * 64 }
    }

    private var masks: [UInt64: Entry] = [:]
    private var uses: UInt64 = 0
    private let byteLimit: Int
    private(set) var byteCount = 0
    /// How many masks were found and how many not.
    private(set) var hits = 0
    private(set) var misses = 0

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Writes the mask of a place into `mask`, which is clear; gives its count, and what is left open in it. Nil where it
    /// is not known.
    mutating func load(
        _ key: UInt64, into mask: inout TokenMask
    ) -> (count: Int, openSubtrees: [MaskWalk.OpenSubtree])? {
        uses += 1
        guard let index = masks.index(forKey: key) else {
            misses += 1
            return nil
        }
        hits += 1
        masks.values[index].lastUse = uses
        switch masks.values[index].content {
        case .few(let tokens): for token in tokens { mask.insert(token) }
        case .many(let known): mask = known
        }
        return (masks.values[index].count, masks.values[index].openSubtrees)
    }

    mutating func store(_ key: UInt64, _ mask: TokenMask, openSubtrees: [MaskWalk.OpenSubtree]) {
        let count = mask.count
        let entry = Entry(
            content: count <= 256 ? .few(mask.tokens()) : .many(mask), count: count, openSubtrees: openSubtrees,
            lastUse: uses)
        // What leaves nothing open and allows nothing is an error, not a mask.
        guard entry.byteCount <= byteLimit, count > 0 || !openSubtrees.isEmpty else { return }
        byteCount += entry.byteCount
        masks[key] = entry
        guard byteCount > byteLimit else { return }
        for (key, entry) in masks.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where byteCount > byteLimit / 2 {
            byteCount -= entry.byteCount
            masks[key] = nil
        }
    }
}

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

    private var masks: [UInt64: (content: Content, count: Int, lastUse: UInt64)] = [:]
    private var uses: UInt64 = 0
    private let byteLimit: Int
    private(set) var byteCount = 0
    /// How many masks were found and how many not.
    private(set) var hits = 0
    private(set) var misses = 0

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Writes the mask of a place into `mask`, which is clear, and gives its count; nil where it is not known.
    mutating func load(_ key: UInt64, into mask: inout TokenMask) -> Int? {
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
        return masks.values[index].count
    }

    mutating func store(_ key: UInt64, _ mask: TokenMask, count: Int) {
        let content: Content = count <= 256 ? .few(mask.tokens()) : .many(mask)
        guard content.byteCount <= byteLimit else { return }
        byteCount += content.byteCount
        masks[key] = (content, count, uses)
        guard byteCount > byteLimit else { return }
        let oldest = masks.sorted { $0.value.lastUse < $1.value.lastUse }
        for (key, value) in oldest where byteCount > byteLimit / 2 {
            byteCount -= value.content.byteCount
            masks[key] = nil
        }
    }
}

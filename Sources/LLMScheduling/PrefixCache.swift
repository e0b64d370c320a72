/// Which full blocks hold the keys and values of which tokens after which prefix.
///
/// A block is found by a hash chained over its prefix, and taken only if its own tokens are those asked for and its
/// parent, the block before it, is the very block matched before: so by induction a hit is verified token by token from
/// the beginning, and a hash that two prefixes share costs a miss at most. The blocks form trees whose roots carry the
/// tenant's salt. A parent is always cached while a child is (`BlockPool` hands out children first).
///
/// The key has all that keys and values depend on within one pool: tokens and salt. Their type and the model's weights
/// are the same for the whole pool.
struct PrefixCache: Sendable {
    /// What the next block of a prefix is looked up with: the prefix's hash and its last block.
    struct Link: Hashable, Sendable {
        var hash: UInt64
        var block: BlockID?  // nil before the first block
        var salt: String?
    }

    private struct Entry: Sendable {
        var hash: UInt64 = 0
        var parent: BlockID?
        var isCached = false
    }

    let blockSize: Int
    private let hashMask: UInt64
    private var blocks: [UInt64: BlockID] = [:]
    private var entries: [Entry] = []  // [largest block cached so far + 1]
    private var tokens: [TokenID] = []  // [entries, blockSize]
    private var salts: [BlockID: String] = [:]  // of roots that have one

    /// An empty cache. `hashBits` below 64 make hashes collide, so that a test can see what comes of it.
    init(blockSize: Int, hashBits: Int = 64) {
        self.blockSize = blockSize
        hashMask = hashBits == 64 ? .max : (1 << UInt64(hashBits)) - 1
    }

    /// Blocks in the cache.
    var count: Int { blocks.count }

    func contains(_ block: BlockID) -> Bool { Int(block) < entries.count && entries[Int(block)].isCached }

    /// The block before `block`, which is cached; nil for the first of a prefix.
    func parent(of block: BlockID) -> BlockID? { entries[Int(block)].parent }

    /// The tokens that a cached block holds, without its prefix.
    func tokens(of block: BlockID) -> ArraySlice<TokenID> {
        tokens[Int(block) * blockSize..<(Int(block) + 1) * blockSize]
    }

    /// Where every prefix of a tenant begins.
    func root(salt: String?) -> Link {
        var hash: UInt64 = 0x6C6C_6D67_656E
        for byte in (salt ?? "").utf8 { hash = Self.mix(hash ^ UInt64(byte)) }
        return Link(hash: hash, block: nil, salt: salt)
    }

    /// The hash of the block with `tokens[range]` after `link`.
    private func hash(_ link: Link, _ tokens: [TokenID], _ range: Range<Int>) -> UInt64 {
        var hash = link.hash
        for index in range { hash = Self.mix(hash ^ UInt64(UInt32(bitPattern: tokens[index]))) }
        return hash & hashMask
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    /// The cached block with `tokens[range]` after `link`, and the link to the one after it.
    func find(_ tokens: [TokenID], _ range: Range<Int>, after link: Link) -> Link? {
        let hash = hash(link, tokens, range)
        guard let block = blocks[hash], holds(block, tokens, range, after: link) else { return nil }
        return Link(hash: hash, block: block, salt: link.salt)
    }

    private func holds(_ block: BlockID, _ wanted: [TokenID], _ range: Range<Int>, after link: Link) -> Bool {
        guard entries[Int(block)].parent == link.block else { return false }
        guard link.block != nil || salts[block] == link.salt else { return false }
        let start = Int(block) * blockSize
        for offset in 0..<blockSize where tokens[start + offset] != wanted[range.lowerBound + offset] { return false }
        return true
    }

    /// Caches `block`, which holds `tokens[range]` after `link`, and returns the link to the one after it; that of the
    /// block already cached for the same, where there is one; nil where another prefix has the hash.
    mutating func insert(_ block: BlockID, _ newTokens: [TokenID], _ range: Range<Int>, after link: Link) -> Link? {
        let hash = hash(link, newTokens, range)
        if let present = blocks[hash] {
            return holds(present, newTokens, range, after: link)
                ? Link(hash: hash, block: present, salt: link.salt) : nil
        }
        while entries.count <= Int(block) {
            entries.append(Entry())
            tokens.append(contentsOf: repeatElement(0, count: blockSize))
        }
        precondition(!entries[Int(block)].isCached, "block \(block) is cached already")
        for offset in 0..<blockSize {
            tokens[Int(block) * blockSize + offset] = newTokens[range.lowerBound + offset]
        }
        entries[Int(block)] = Entry(hash: hash, parent: link.block, isCached: true)
        if link.block == nil, let salt = link.salt { salts[block] = salt }
        blocks[hash] = block
        return Link(hash: hash, block: block, salt: link.salt)
    }

    /// Forgets a cached block.
    mutating func remove(_ block: BlockID) {
        precondition(contains(block), "block \(block) is not cached")
        blocks[entries[Int(block)].hash] = nil
        salts[block] = nil
        entries[Int(block)].isCached = false
    }

    /// Forgets every block.
    mutating func removeAll() {
        for block in blocks.values { entries[Int(block)].isCached = false }
        blocks = [:]
        salts = [:]
    }

    /// What is wrong with the cache; empty when all is well. O(blocks).
    func invariantViolations() -> [String] {
        var violations: [String] = []
        for (hash, block) in blocks {
            let entry = entries[Int(block)]
            if !entry.isCached || entry.hash != hash { violations.append("block \(block) is listed and not cached") }
            if let parent = entry.parent, !contains(parent) {
                violations.append("block \(block) is cached and its parent \(parent) is not")
            }
        }
        let cached = entries.count { $0.isCached }
        if cached != blocks.count { violations.append("\(cached) blocks are cached and \(blocks.count) listed") }
        return violations
    }
}

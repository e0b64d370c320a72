/// The prefixes that blocks hold the keys and values of: a tree of nodes, each the tokens of one full block after those
/// of its parent.
///
/// A node is found by a hash chained over its prefix, and taken only if its own tokens are those asked for and its
/// parent is the very node matched before: so by induction a hit is verified token by token from the beginning, and a
/// hash that two prefixes share costs a miss at most. The nodes at the top carry the tenant's salt.
///
/// Nodes are independent of blocks. Each pool, of a cache group or of states, attaches at most one block to a node; where a
/// pool's block is given away, the node stays while another pool has one, while it has a child, or while it is pinned by a
/// sequence that goes on from it.
///
/// The key has all that keys and values depend on within one scheduler: tokens and salt. Their type and the model's
/// weights are the same for all blocks.
struct PrefixTree: Sendable {
    /// An index of a node; one that has gone is used again.
    typealias NodeID = Int32

    struct Node: Sendable {
        var hash: UInt64
        var parent: NodeID?  // nil at the top
        var children: Int32 = 0
        var pins: Int32 = 0
        var blocks: Int32 = 0  // how many pools have attached one
    }

    let blockSize: Int
    let poolCount: Int
    private let hashMask: UInt64
    private(set) var byHash: [UInt64: NodeID] = [:]
    private(set) var nodes: [Node] = []
    private var tokens: [TokenID] = []  // [nodes, blockSize]
    private var blocks: [BlockID] = []  // [nodes, poolCount]; -1 = none
    private var salts: [NodeID: String] = [:]  // of nodes at the top that have one
    private var vacant: [NodeID] = []
    /// Nodes without a block.
    private(set) var blocklessCount = 0

    /// An empty tree. `hashBits` below 64 make hashes collide, so that a test can see what comes of it.
    init(blockSize: Int, poolCount: Int, hashBits: Int = 64) {
        self.blockSize = blockSize
        self.poolCount = poolCount
        hashMask = hashBits == 64 ? .max : (1 << UInt64(hashBits)) - 1
    }

    /// Nodes there are.
    var count: Int { byHash.count }

    /// The tokens of a node, without its prefix.
    func tokens(of node: NodeID) -> ArraySlice<TokenID> {
        tokens[Int(node) * blockSize..<(Int(node) + 1) * blockSize]
    }

    /// The block that a group has attached to a node; nil where there is none.
    func block(of node: NodeID, _ group: Int) -> BlockID? {
        let block = blocks[Int(node) * poolCount + group]
        return block < 0 ? nil : block
    }

    // MARK: Nodes

    /// The node of `tokens[range]` after `parent`; nil at the top, where `salt` counts.
    func find(_ tokens: [TokenID], _ range: Range<Int>, after parent: NodeID?, salt: String?) -> NodeID? {
        guard let node = byHash[hash(tokens, range, after: parent, salt: salt)] else { return nil }
        return holds(node, tokens, range, after: parent, salt: salt) ? node : nil
    }

    /// The same, made where there is none; nil where another prefix has the hash. A new node is to be pinned at once.
    mutating func findOrMake(
        _ newTokens: [TokenID], _ range: Range<Int>, after parent: NodeID?, salt: String?
    ) -> NodeID? {
        let hash = hash(newTokens, range, after: parent, salt: salt)
        if let present = byHash[hash] {
            return holds(present, newTokens, range, after: parent, salt: salt) ? present : nil
        }
        let node = vacant.popLast() ?? append()
        for offset in 0..<blockSize { tokens[Int(node) * blockSize + offset] = newTokens[range.lowerBound + offset] }
        nodes[Int(node)] = Node(hash: hash, parent: parent)
        if let parent { nodes[Int(parent)].children += 1 } else { salts[node] = salt }
        byHash[hash] = node
        blocklessCount += 1
        return node
    }

    private mutating func append() -> NodeID {
        nodes.append(Node(hash: 0))
        tokens.append(contentsOf: repeatElement(0, count: blockSize))
        blocks.append(contentsOf: repeatElement(-1, count: poolCount))
        return NodeID(nodes.count - 1)
    }

    /// Keeps a node whether it has a block or not.
    mutating func pin(_ node: NodeID) { nodes[Int(node)].pins += 1 }

    /// Takes back one `pin`.
    mutating func unpin(_ node: NodeID) {
        nodes[Int(node)].pins -= 1
        removeIfUseless(node)
    }

    /// Removes a node that nothing keeps, and then its ancestors as far as that goes.
    private mutating func removeIfUseless(_ node: NodeID) {
        var next = Optional(node)
        while let node = next {
            let entry = nodes[Int(node)]
            guard entry.blocks == 0, entry.children == 0, entry.pins == 0 else { return }
            byHash[entry.hash] = nil
            blocklessCount -= 1
            vacant.append(node)
            if let parent = entry.parent { nodes[Int(parent)].children -= 1 } else { salts[node] = nil }
            next = entry.parent
        }
    }

    /// Forgets every node. None is pinned.
    mutating func removeAll() {
        byHash = [:]
        nodes = []
        tokens = []
        blocks = []
        salts = [:]
        vacant = []
        blocklessCount = 0
    }

    // MARK: Blocks

    /// Attaches a block of a group that has none there.
    mutating func attach(_ block: BlockID, to node: NodeID, _ group: Int) {
        precondition(self.block(of: node, group) == nil, "group \(group) has a block at this node already")
        blocks[Int(node) * poolCount + group] = block
        nodes[Int(node)].blocks += 1
        if nodes[Int(node)].blocks == 1 { blocklessCount -= 1 }
    }

    /// Takes a group's block away.
    mutating func detach(from node: NodeID, _ group: Int) {
        precondition(block(of: node, group) != nil, "group \(group) has no block at this node")
        blocks[Int(node) * poolCount + group] = -1
        nodes[Int(node)].blocks -= 1
        if nodes[Int(node)].blocks == 0 { blocklessCount += 1 }
        removeIfUseless(node)
    }

    // MARK: Hashes

    private func hash(_ tokens: [TokenID], _ range: Range<Int>, after parent: NodeID?, salt: String?) -> UInt64 {
        var hash = parent.map { nodes[Int($0)].hash } ?? Self.seed(salt)
        for index in range { hash = Self.mix(hash ^ UInt64(UInt32(bitPattern: tokens[index]))) }
        return hash & hashMask
    }

    /// What every prefix of a tenant begins with.
    private static func seed(_ salt: String?) -> UInt64 {
        var hash: UInt64 = 0x6C6C_6D67_656E
        for byte in (salt ?? "").utf8 { hash = mix(hash ^ UInt64(byte)) }
        return hash
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    private func holds(
        _ node: NodeID, _ wanted: [TokenID], _ range: Range<Int>, after parent: NodeID?, salt: String?
    ) -> Bool {
        guard nodes[Int(node)].parent == parent, parent != nil || salts[node] == salt else { return false }
        let start = Int(node) * blockSize
        for offset in 0..<blockSize where tokens[start + offset] != wanted[range.lowerBound + offset] { return false }
        return true
    }
}

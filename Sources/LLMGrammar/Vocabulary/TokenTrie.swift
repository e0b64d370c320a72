/// Tokens by their bytes: the nodes of the tree of common prefixes, depth first, so that whoever meets a dead byte skips
/// the nodes below it.
struct TokenTrie: Sendable {
    /// A node in 64 bits: byte 0 ..< 8, depth 8 ..< 20 (0 for a first byte), nodes of the subtree with itself 20 ..< 42,
    /// token + 1 or 0 from 42.
    var nodes: [UInt64] = []
    /// Where the nodes of each first byte begin; one more for the end.
    var firstBytes = [Int](repeating: 0, count: 257)

    static let longestToken = 4095
    static let nodeLimit = 1 << 22

    @inline(__always) static func byte(_ node: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: node) }
    @inline(__always) static func depth(_ node: UInt64) -> Int { Int(truncatingIfNeeded: node >> 8) & 0xFFF }
    @inline(__always) static func size(_ node: UInt64) -> Int { Int(truncatingIfNeeded: node >> 20) & 0x3F_FFFF }
    @inline(__always) static func token(_ node: UInt64) -> Int32 { Int32(truncatingIfNeeded: node >> 42) - 1 }

    /// The trie of tokens in the order of their bytes, no two of which are equal.
    init(_ sorted: [(bytes: [UInt8], token: Int32)]) {
        var open: [Int] = []
        var previous: [UInt8] = []
        for (bytes, token) in sorted {
            var common = 0
            while common < previous.count, common < bytes.count, previous[common] == bytes[common] { common += 1 }
            close(&open, to: common)
            for depth in common..<bytes.count {
                open.append(nodes.count)
                nodes.append(UInt64(bytes[depth]) | UInt64(depth) << 8)
            }
            nodes[open.last!] |= UInt64(token + 1) << 42
            previous = bytes
        }
        close(&open, to: 0)
        // Bytes with no token begin where the next one does.
        var next = nodes.count
        var begins = [Int](repeating: -1, count: 256)
        var index = 0
        while index < nodes.count {
            begins[Int(Self.byte(nodes[index]))] = index
            index += Self.size(nodes[index])
        }
        firstBytes[256] = nodes.count
        for byte in (0..<256).reversed() {
            if begins[byte] >= 0 { next = begins[byte] }
            firstBytes[byte] = next
        }
    }

    private mutating func close(_ open: inout [Int], to depth: Int) {
        while open.count > depth {
            let index = open.removeLast()
            nodes[index] |= UInt64(nodes.count - index) << 20
        }
    }
}

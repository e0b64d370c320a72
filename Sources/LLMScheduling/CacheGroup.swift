/// Layers that share one block table: they have a set of blocks of their own, and all look back equally far.
///
/// With full attention a query at position `p` sees the positions `0...p`; with a window of `n` it sees `p - n + 1...p`.
/// A block that no later query of its sequence sees is free at once, so with a window a sequence holds a bounded number
/// of blocks, however long it gets.
public struct CacheGroup: Hashable, Sendable {
    /// Blocks the group has, numbered from 0.
    public var blockCount: Int
    /// Positions that a query sees, its own included; nil for full attention.
    public var window: Int?

    /// A group of `blockCount` blocks whose queries see `window` positions; nil for all.
    public init(blockCount: Int, window: Int? = nil) {
        self.blockCount = blockCount
        self.window = window
    }

    /// The most blocks that one sequence of up to `maxLength` tokens holds at a time.
    ///
    /// - Parameters:
    ///   - maxLength: tokens it may have, prompt and output together.
    ///   - window: positions that a query sees, its own included; nil for all.
    ///   - chunk: tokens that one step may compute for it, at least 1.
    ///   - blockSize: tokens a block holds.
    public static func blocks(perSequence maxLength: Int, window: Int?, chunk: Int, blockSize: Int) -> Int {
        let all = (maxLength + blockSize - 1) / blockSize
        guard let window else { return all }
        // The step sees the chunk and the window before its first token, and these may begin at a block's last slot.
        let seen = window - 1 + chunk
        return min(all, (seen + blockSize - 2) / blockSize + 1)
    }

    /// Blocks at the beginning of a sequence that no query from `position` on sees.
    func blocksBehind(_ position: Int, blockSize: Int) -> Int {
        window.map { max(0, position - $0 + 1) / blockSize } ?? 0
    }

    /// Tokens that a sequence may have when all the blocks are its own.
    func capacity(blockSize: Int) -> Int {
        if let window {
            let most = CacheGroup.blocks(perSequence: .max / 2, window: window, chunk: 1, blockSize: blockSize)
            if most <= blockCount { return .max }
        }
        return blockCount * blockSize
    }
}

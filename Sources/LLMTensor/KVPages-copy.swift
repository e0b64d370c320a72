extension KVPages {
    /// Makes block `to` hold what block `from` does, in every layer: the copy on write of blocks that sequences share.
    ///
    /// - Precondition: both are blocks of these pages.
    public func copyBlock(from: Int, to: Int) {
        precondition((0..<blockCount).contains(from) && (0..<blockCount).contains(to), "blocks \(from) and \(to)")
        for memory in allMemory {
            let byteCount = memory.count / blockCount
            guard byteCount > 0, let base = memory.baseAddress else { continue }
            (base + to * byteCount).copyMemory(from: base + from * byteCount, byteCount: byteCount)
        }
    }
}

import CLLMKernels
import Glibc

/// Zeroed memory that is given back when its last user goes. The system provides pages as they are touched.
///
/// On a machine with several memory nodes the pages of large storage lie on them in turn. A piece of work is claimed by
/// whichever thread is free, so no part of the memory is nearer to its work than another; in turn, every thread has the
/// bandwidth of all nodes, and a piece takes as long wherever it runs.
package final class Storage: @unchecked Sendable {
    /// The first byte, at the beginning of a page.
    package let base: UnsafeMutablePointer<Float>
    /// Bytes that are mapped.
    package let byteCount: Int

    /// Smaller storage is left to the system, which takes it from the node of the thread that touches it first.
    private static let interleavedByteCount = 1 << 20
    private static let machineNodes = CPUTopology().nodes

    /// Room for `count` floats.
    ///
    /// - Parameters:
    ///   - nodes: memory nodes to share large storage between; nil takes those the process's threads run on.
    ///   - inHugePages: whether large storage asks for pages of 2 MiB, of which one touched byte takes the whole: for
    ///     what is used to its end and read again and again, such as weights. What does not fill one lies in small pages.
    package init(count: Int, nodes: [Int]? = nil, inHugePages: Bool = false) {
        byteCount = max(count, 1) * MemoryLayout<Float>.stride
        let isHuge = inHugePages && byteCount >= Storage.hugePageByteCount
        let memory = Storage.map(byteCount, alignment: isHuge ? Storage.hugePageByteCount : Storage.pageByteCount)
        base = memory.bindMemory(to: Float.self, capacity: count)
        // Speed only: a system that refuses gives small pages.
        if isHuge { madvise(memory, byteCount, MADV_HUGEPAGE) }
        let nodes = nodes ?? Storage.machineNodes
        if nodes.count > 1, byteCount >= Storage.interleavedByteCount { interleave(nodes) }
    }

    deinit { munmap(base, byteCount) }

    /// Maps memory that begins at a multiple of `alignment`, a multiple of a page.
    private static func map(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer {
        let spare = alignment - pageByteCount
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let memory = mmap(nil, byteCount + spare, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let memory, memory != MAP_FAILED else { fatalError("out of memory: \(byteCount) bytes") }
        let start = memory.alignedUp(toMultipleOf: alignment)
        let before = start - memory
        if before > 0 { munmap(memory, before) }
        if before < spare { munmap((start + byteCount).alignedUp(toMultipleOf: pageByteCount), spare - before) }
        return start
    }

    /// Takes the memory of a range of bytes from the system, at once instead of page by page as it is touched.
    ///
    /// Speed only: an older system refuses, and then touching does it.
    func populate(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "bytes \(range) of \(byteCount)")
        let start = range.lowerBound / Storage.pageByteCount * Storage.pageByteCount
        madvise(UnsafeMutableRawPointer(base) + start, range.upperBound - start, Storage.populateWrite)
    }

    private static let hugePageByteCount = 2 << 20
    private static let pageByteCount = sysconf(Int32(_SC_PAGESIZE))
    /// MADV_POPULATE_WRITE of Linux 5.14, which older headers lack.
    private static let populateWrite: Int32 = 23

    /// Speed only: where the system refuses, as in some containers, pages come from the node of who touches them first.
    private func interleave(_ nodes: [Int]) {
        var mask = [UInt](repeating: 0, count: (nodes.max() ?? 0) / UInt.bitWidth + 1)
        for node in nodes { mask[node / UInt.bitWidth] |= 1 << (node % UInt.bitWidth) }
        llm_interleave(base, byteCount, mask, mask.count)
    }
}

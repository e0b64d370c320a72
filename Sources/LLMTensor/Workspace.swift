/// Memory for the activations of one step, used again from step to step.
///
/// Matrices are taken one behind the other and last until the scope that they were taken in ends, or until ``reset()``.
/// Memory grows to what a step has needed at most; layers of different widths share it. One thread uses it at a time.
public final class Workspace {
    private var chunks: [Storage] = []
    private var current = 0  // the chunk that matrices are taken from
    private var used = 0  // floats of it

    /// What a linear layer reads, in its kernel's type.
    public let input = ActivationScratch()
    /// What several layers read, one after another, each some rows of it.
    public let sharedInput = ActivationScratch()

    /// Floats that a chunk has at least.
    private static let leastChunk = 1 << 18
    /// Matrices begin at a cache line.
    private static let alignment = 16

    /// An empty workspace.
    public init() {}

    /// A matrix with whatever its memory last held.
    public func matrix(rows: Int, columns: Int) -> Matrix {
        precondition(rows >= 0 && columns >= 0, "negative size")
        let alignment = Workspace.alignment
        let count = (rows * columns + alignment - 1) / alignment * alignment
        while current < chunks.count, used + count > chunks[current].floatCount {
            current += 1
            used = 0
        }
        if current == chunks.count {
            let all = chunks.reduce(0) { $0 + $1.floatCount }
            chunks.append(Storage(count: max(count, all, Workspace.leastChunk)))
        }
        defer { used += count }
        return Matrix(rows: rows, columns: columns, offset: used, storage: chunks[current])
    }

    /// Calls `body` and gives the matrices that it took back.
    public func scope<R>(_ body: () throws -> R) rethrows -> R {
        let (chunk, start) = (current, used)
        defer { (current, used) = (chunk, start) }
        return try body()
    }

    /// Gives all matrices back. Memory that came in several pieces becomes one.
    public func reset() {
        if chunks.count > 1 { chunks = [Storage(count: chunks.reduce(0) { $0 + $1.floatCount })] }
        (current, used) = (0, 0)
    }
}

extension Storage {
    fileprivate var floatCount: Int { byteCount / MemoryLayout<Float>.stride }
}

extension TensorView {
    /// Rows of the outermost dimension, in the same memory.
    public func rows(_ range: Range<Int>) -> TensorView {
        precondition(range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
        let rowBytes = shape[0] == 0 ? 0 : byteCount / shape[0]
        return withBytes { bytes in
            TensorView(
                shape: [range.count] + shape.dropFirst(), dtype: dtype,
                bytes: UnsafeRawBufferPointer(
                    rebasing: bytes[range.lowerBound * rowBytes..<range.upperBound * rowBytes]),
                owner: Holder(self), release: release)
        }
    }

    /// An element of the outermost dimension, in the same memory.
    public func element(_ index: Int) -> TensorView {
        let row = rows(index..<index + 1)
        return row.withBytes {
            TensorView(shape: Array(shape.dropFirst()), dtype: dtype, bytes: $0, owner: Holder(row), release: release)
        }
    }

    /// A tensor of one element, which this is, in the same memory.
    package var asElement: TensorView { reshaped([1] + shape) }

    /// The same elements in another shape, in the same memory. - Precondition: there are as many.
    package func reshaped(_ shape: [Int]) -> TensorView {
        withBytes { TensorView(shape: shape, dtype: dtype, bytes: $0, owner: Holder(self), release: release) }
    }

    /// The transposed matrix, in memory of its own; elements that are stored in blocks become float32.
    public func transposed() -> TensorView {
        precondition(shape.count == 2, "a matrix, not \(shape)")
        let (rows, columns) = (shape[0], shape[1])
        guard dtype.blockElements == 1 else {
            return TensorView(shape: shape, dtype: .float32, repeating: floats()).transposed()
        }
        let (byteCount, width) = (byteCount, dtype.blockByteCount)
        let storage = Storage(count: (byteCount + 3) / 4)
        let target = UnsafeMutableRawPointer(storage.base)
        withBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            for row in 0..<rows {
                for column in 0..<columns {
                    (target + (column * rows + row) * width)
                        .copyMemory(from: source + (row * columns + column) * width, byteCount: width)
                }
            }
        }
        return TensorView(
            shape: [columns, rows], dtype: dtype, bytes: UnsafeRawBufferPointer(start: target, count: byteCount),
            owner: storage)
    }

    /// Keeps a view's memory alive.
    private final class Holder: Sendable {
        let view: TensorView

        init(_ view: TensorView) { self.view = view }
    }
}

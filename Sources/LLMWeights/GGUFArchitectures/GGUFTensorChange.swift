import Foundation
import LLMTensor

/// What makes a tensor as GGUF files have it one as the hub has it. But for `minusOne` and `logarithm` bytes are only moved, so
/// that blocks of quantized elements stay as they are stored.
enum GGUFTensorChange: Sendable {
    /// Rows of a matrix of queries, keys and values.
    enum Part: Sendable { case queries, keys, values }

    /// Of how many a tensor has one behind another.
    enum Count: Sendable { case experts, queryHeads, keyHeads }

    /// Rows of each head are stored for rotation of neighbours.
    case interleaved(Part)
    /// Queries, keys and values are stored one after another; each key head gets its queries, its key and its value together.
    case grouped
    /// A part of the rows of queries, keys and values.
    case part(Part)
    /// An element of the outermost dimension.
    case elements(Count)
    /// The gates of all experts, to which the ups come, that are in a tensor of their own: behind an expert's gates, or in turn
    /// with them.
    case withUps(alternating: Bool)
    /// The gates of one block, behind which the ups come.
    case withUp
    /// A vector that is a matrix of one row, as ggml forgets the size 1.
    case oneRow
    /// A matrix whose rows lie behind one another in a vector.
    case vector
    /// A filter for each channel, which the hub has as a matrix of one row.
    case filters
    /// Weights of a norm that have been added to 1.
    case minusOne
    /// Rates of decay, of which the hub has the logarithms of their amounts.
    case logarithm
}

extension GGUFTensorChange {
    /// The tensor that comes to this one; nil for none.
    func partner(of name: String) -> String? {
        switch self {
        case .withUps, .withUp: name.replacing("ffn_gate", with: "ffn_up")
        default: nil
        }
    }

    /// What is known of a changed tensor; nil where it cannot be changed.
    func info(_ info: TensorInfo, with partner: TensorInfo?, _ sizes: GGUFTensorSizes) -> TensorInfo? {
        let shape = info.shape
        guard let rows = shape.first, rows > 0, info.elementCount > 0 else { return nil }
        // Elements of a vector are its rows.
        let isVector = shape.count == 1
        if isVector, case .oneRow = self {
            return info.with(shape: [1, rows])
        }
        guard !isVector || (info.dtype?.blockElements ?? 0) == 1 else { return nil }
        func rest(_ rows: Int) -> [Int] { [rows] + shape.dropFirst() }
        switch self {
        case .interleaved(let part): return rows % (2 * sizes.heads(part)) == 0 ? info : nil
        case .grouped: return rows == sizes.allRows && sizes.queryHeads % sizes.keyHeads == 0 ? info : nil
        case .part(let part):
            let range = sizes.rows(part)
            guard rows == sizes.allRows, !range.isEmpty else { return nil }
            return info.with(shape: rest(range.count), byteCount: info.byteCount / rows * range.count)
        case .elements(let count):
            guard rows == sizes.count(count), !isVector else { return nil }
            return info.with(shape: Array(shape.dropFirst()), byteCount: info.byteCount / rows)
        case .withUps:
            guard shape.count > 1, rows == sizes.experts, let partner, partner.dtypeName == info.dtypeName,
                partner.shape == shape, shape.count > 2 || info.dtype?.blockElements == 1
            else { return nil }
            return info.with(shape: [rows, 2 * shape[1]] + shape.dropFirst(2), byteCount: 2 * info.byteCount)
        case .withUp:
            guard shape.count == 2, let partner, partner.dtypeName == info.dtypeName, partner.shape == shape else {
                return nil
            }
            return info.with(shape: [2 * rows, shape[1]], byteCount: 2 * info.byteCount)
        case .oneRow: return shape.count == 2 && rows == 1 ? info : nil
        case .vector: return info.with(shape: [info.elementCount])
        case .filters: return shape.count == 2 ? info.with(shape: [rows, 1, shape[1]]) : nil
        case .minusOne, .logarithm:
            return TensorInfo(name: info.name, shape: shape, dtype: .float32)
        }
    }

    /// The changed tensor, which ``info(_:with:_:)`` said can be changed.
    ///
    /// - Parameter element: which element of the outermost dimension is meant.
    func view(_ view: TensorView, with partner: TensorView?, _ sizes: GGUFTensorSizes, element: Int) -> TensorView {
        let rows = view.shape[0]
        switch self {
        case .interleaved(let part):
            return view.reorderingRows(InterleavedHeads.storedRow(rows: rows, heads: sizes.heads(part)))
        case .grouped: return view.reorderingRows { sizes.storedRow(ofGrouped: $0) }
        case .part(let part): return view.rows(sizes.rows(part))
        case .elements: return view.element(element)
        case .withUps(let alternating):
            guard let partner else { return view }
            let width = view.shape[1]
            return TensorView(
                joining: [view, partner], dimension: 1, shape: [rows, 2 * width] + view.shape.dropFirst(2)
            ) { row in
                let (expert, place) = row.quotientAndRemainder(dividingBy: 2 * width)
                return alternating
                    ? (place % 2, expert * width + place / 2) : (place / width, expert * width + place % width)
            }
        case .withUp:
            guard let partner else { return view }
            return TensorView(joining: [view, partner], dimension: 0, shape: [2 * rows, view.shape[1]]) {
                ($0 / rows, $0 % rows)
            }
        case .oneRow: return view.shape.count == 1 ? view.asElement : view
        case .vector: return view.reshaped([view.count])
        case .filters: return view.reshaped([rows, 1, view.shape[1]])
        case .minusOne:
            return TensorView(shape: view.shape, dtype: .float32, repeating: view.floats().map { $0 - 1 })
        case .logarithm:
            return TensorView(
                shape: view.shape, dtype: .float32, repeating: view.floats().map { Float(log(-Double($0))) })
        }
    }
}

extension TensorInfo {
    func with(name: String? = nil, shape: [Int], byteCount: Int? = nil) -> TensorInfo {
        TensorInfo(
            name: name ?? self.name, shape: shape, dtypeName: dtypeName, dtype: dtype,
            byteCount: byteCount ?? self.byteCount)
    }
}

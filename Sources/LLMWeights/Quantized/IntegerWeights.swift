import LLMTensor

/// A tensor of integers with scales for groups of a row: where its parts are, and how they are packed.
struct IntegerWeights: Sendable {
    /// A part that holds codes.
    struct Codes: Sendable {
        let part: String
        let layout: PackedCodes.Layout
        /// What is added to a code, without carry into the next.
        var added: UInt8 = 0
    }

    let rows: Int
    let columns: Int
    let codes: Codes
    /// The part with the scales: one, one a row, or one a row and group.
    let scales: String
    /// What scales are multiplied by.
    var scaleFactor: Float = 1
    /// Whether scales are `[groups][rows]`; else `[rows][groups]`.
    var scalesAreTransposed = false
    /// Zeros, `[rows][groups]`; nil for the middle of the codes.
    var zeros: Codes?
    /// Columns of a group, where no part has the group of each column.
    var groupSize: Int
    /// The part with the group of each column.
    var groupIndex: String?
    /// Whether a group of -1 says that there are none in that part.
    var groupIndexMayBeUnset = false

    var groupCount: Int { (columns - 1) / groupSize + 1 }

    var bits: Int { codes.layout.bits }

    /// Checks the parts against the sizes; reads no data.
    ///
    /// - Parameter scaleShapes: what the scales' shape may be.
    func check(_ parts: TensorParts, scaleShapes: [[Int]]) throws(WeightsError) {
        guard rows <= TensorParts.sizeLimit, columns <= TensorParts.sizeLimit else {
            throw parts.invalid(codes.part, "\(rows) rows and \(columns) columns", "at most \(TensorParts.sizeLimit)")
        }
        let shape = try parts.info(scales, .floats).shape
        guard scaleShapes.contains(shape) else {
            throw parts.invalid(scales, "shape \(shape)", scaleShapes.map { "\($0)" }.joined(separator: " or "))
        }
        if let groupIndex { try parts.check(groupIndex, [.i32, .i64], [columns]) }
    }

    /// The type that the tensor will have, as far as headers say.
    func expectedType(isSymmetric: Bool) -> DType {
        guard columns % 32 == 0 else { return .float32 }
        if bits == 8 { return groupCount == 1 ? .int8 : .q8_0 }
        return isSymmetric ? .q4_0 : .int4
    }

    /// Reads and converts the tensor.
    func read(_ parts: TensorParts) throws(WeightsError) -> TensorView {
        let packed = PackedCodes(try parts.bytes(codes.part), codes.layout, rows: rows, columns: columns)
        var scales = try parts.floats(scales)
        let isOne = scales.count == 1
        if scaleFactor != 1 { scales = scales.map { $0 * scaleFactor } }
        if scalesAreTransposed { scales = transposed(scales, rows: groupCount) }
        let zeros = try readZeros(parts, count: scales.count)
        let matrix = CodedMatrix(
            packed, scales: scales, zeros: zeros, groups: try groups(parts), rowsPerScale: isOne ? rows : 1)
        return matrix.stored(as: matrix.integerType, shape: [rows, columns])
    }

    private func readZeros(_ parts: TensorParts, count: Int) throws(WeightsError) -> [UInt8] {
        guard let zeros else { return [UInt8](repeating: 1 << UInt8(bits - 1), count: count) }
        let packed = PackedCodes(
            try parts.bytes(zeros.part), zeros.layout, rows: count / groupCount, columns: groupCount)
        let codes = packed.unpacked()
        guard zeros.added != 0 else { return codes }
        let mask = UInt8(truncatingIfNeeded: 1 << bits - 1)
        return codes.map { ($0 &+ zeros.added) & mask }
    }

    private func groups(_ parts: TensorParts) throws(WeightsError) -> [UInt32] {
        let inOrder = (0..<columns).map { UInt32($0 / groupSize) }
        guard let groupIndex else { return inOrder }
        let indices = try parts.integers(groupIndex)
        if groupIndexMayBeUnset, indices.contains(-1) { return inOrder }
        guard let wrong = indices.first(where: { !(0..<groupCount).contains($0) }) else {
            return indices.map { UInt32($0) }
        }
        throw parts.invalid(groupIndex, "the group \(wrong)", "a number from 0 to \(groupCount - 1)")
    }
}

/// `[rows][columns]` as `[columns][rows]`.
private func transposed(_ values: [Float], rows: Int) -> [Float] {
    let columns = values.count / rows
    return [Float](unsafeUninitializedCapacity: values.count) { result, initialized in
        for column in 0..<columns {
            for row in 0..<rows { result[column * rows + row] = values[row * columns + column] }
        }
        initialized = values.count
    }
}

extension PackedCodes.Layout {
    /// Integers of 8 bits with a sign, a byte each.
    static var signedBytes: PackedCodes.Layout {
        var layout = PackedCodes.Layout(bits: 8)
        (layout.wordByteCount, layout.isSigned) = (1, true)
        return layout
    }
}

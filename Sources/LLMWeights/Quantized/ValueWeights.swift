import LLMTensor

/// A matrix of codes that stand for values, with a scale for each block of it: FP8.
struct ValueWeights: Sendable {
    let part: String
    let scales: String
    let rows: Int
    let columns: Int
    /// Rows and columns that share a scale.
    let block: (rows: Int, columns: Int)

    /// Checks an FP8 weight and its scales: one, one a row, or one a block.
    ///
    /// - Parameter blockSize: rows and columns of a block, where the config has blocks.
    init(_ parts: TensorParts, scales: String, blockSize: [Int]?) throws(WeightsError) {
        part = "weight"
        self.scales = scales
        (rows, columns) = try parts.matrix(part, [.f8e4m3])
        let shape = try parts.info(scales, .floats).shape
        if let blockSize {
            block = (blockSize[0], blockSize[1])
            let wanted = [(rows - 1) / block.rows + 1, (columns - 1) / block.columns + 1]
            try parts.check(scales, .floats, wanted)
        } else if shape.allSatisfy({ $0 == 1 }), shape.count <= 2 {
            block = (rows, columns)
        } else if shape == [rows] || shape == [rows, 1] {
            block = (1, columns)
        } else {
            throw parts.invalid(scales, "shape \(shape)", "[1], [\(rows)] or [\(rows), 1]")
        }
    }

    func read(_ parts: TensorParts, as dtype: DType) throws(WeightsError) -> TensorView {
        var layout = PackedCodes.Layout(bits: 8)
        layout.wordByteCount = 1
        let packed = PackedCodes(try parts.bytes(part), layout, rows: rows, columns: columns)
        let groups = (0..<columns).map { UInt32($0 / block.columns) }
        return CodedMatrix(
            packed, scales: try parts.floats(scales), groups: groups, values: ValueWeights.e4m3,
            rowsPerScale: block.rows
        ).stored(as: dtype, shape: [rows, columns])
    }

    /// The values of E4M3 without infinities (OCP 8-bit Floating Point 1.0).
    static let e4m3: [Float] = (0..<256).map { code in
        let (exponent, fraction) = (code >> 3 & 15, Float(code & 7))
        guard code & 0x7F != 0x7F else { return .nan }
        let magnitude =
            exponent == 0
            ? fraction * Float(sign: .plus, exponent: -9, significand: 1)
            : Float(sign: .plus, exponent: exponent - 10, significand: 8 + fraction)
        return code < 128 ? magnitude : -magnitude
    }
}

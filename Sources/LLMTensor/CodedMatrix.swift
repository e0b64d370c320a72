import CLLMKernels

/// A matrix `[rows][columns]` of codes with scales: `scale * (code - zero)`, or `scale * values[code]`.
///
/// A row's columns are in groups, each with a scale and a zero; several rows may share theirs.
package struct CodedMatrix: Sendable {
    private let codes: PackedCodes
    private let scales: [Float]
    private let zeros: [UInt8]
    private let groups: [UInt32]
    private let values: [Float]
    private let rowsPerScale: Int
    private let groupCount: Int

    /// - Parameters:
    ///   - scales: `[rows / rowsPerScale][groups]`.
    ///   - zeros: as scales; empty where there are values.
    ///   - groups: the group of each column.
    ///   - values: what each code stands for; empty for integers.
    /// - Precondition: there are as many as that, and every group is below their number.
    package init(
        _ codes: PackedCodes, scales: [Float], zeros: [UInt8] = [], groups: [UInt32], values: [Float] = [],
        rowsPerScale: Int = 1
    ) {
        precondition(codes.rows > 0 && rowsPerScale > 0, "\(codes.rows) rows")
        let scaleRows = (codes.rows - 1) / rowsPerScale + 1
        let groupCount = scales.count / scaleRows
        precondition(scales.count == scaleRows * groupCount, "\(scales.count) scales for \(scaleRows) rows")
        precondition(values.isEmpty ? zeros.count == scales.count : values.count == 1 << codes.layout.bits)
        precondition(groups.count == codes.columns && groups.allSatisfy { $0 < groupCount }, "groups of columns")
        self.groupCount = groupCount
        self.codes = codes
        self.scales = scales
        self.zeros = zeros
        self.groups = groups
        self.values = values
        self.rowsPerScale = rowsPerScale
    }

    /// The smallest stored type that holds integers as they are, but for float32: there a product is rounded to it.
    package var integerType: DType {
        precondition(values.isEmpty, "values are no integers")
        let block = Int(LLM_GROUP)
        let blocksAreWhole =
            codes.columns % block == 0
            && groups.indices.allSatisfy { groups[$0] == groups[$0 / block * block] }
        guard blocksAreWhole else { return .float32 }
        let isMiddle = zeros.allSatisfy { $0 == 1 << (codes.layout.bits - 1) }
        let areHalves = scales.allSatisfy { Float(Float16($0)) == $0 }
        // int8 has one scale a row, and sums of a whole row.
        let holdsRows = groupCount == 1 && codes.columns <= DType.int8.packing.maxInputs
        if codes.layout.bits == 4 {
            if areHalves { return isMiddle ? .q4_0 : .int4 }
            return holdsRows ? .int8 : .float32
        }
        guard isMiddle else { return .float32 }
        return holdsRows ? .int8 : areHalves ? .q8_0 : .float32
    }

    /// The tensor in memory of its own.
    ///
    /// - Precondition: `shape` has as many elements as the matrix, and whole rows; `dtype` is a float, or what
    ///   ``integerType`` is.
    package func stored(as dtype: DType, shape: [Int]) -> TensorView {
        precondition(dtype.blockElements == 1 || dtype == integerType, "codes as \(dtype)")
        guard let byteCount = dtype.byteCount(ofShape: shape), byteCount % codes.rows == 0,
            dtype.byteCount(ofShape: [codes.rows, codes.columns]) == byteCount
        else { preconditionFailure("[\(codes.rows), \(codes.columns)] as \(shape) of \(dtype)") }
        let storage = Storage(count: (byteCount + 3) / 4)
        let memory = UnsafeMutableRawPointer(storage.base)
        let rowByteCount = byteCount / codes.rows
        for start in stride(from: 0, to: codes.rows, by: CodedMatrix.rowsTogether) {
            let rows = start..<min(codes.rows, start + CodedMatrix.rowsTogether)
            store(rows, codes.unpacked(rows), as: dtype, rowByteCount, to: memory)
        }
        return TensorView(
            shape: shape, dtype: dtype, bytes: UnsafeRawBufferPointer(start: memory, count: byteCount), owner: storage)
    }

    /// So many rows are a cache line of words that run down.
    private static let rowsTogether = 128

    private func store(
        _ rows: Range<Int>, _ codes: [UInt8], as dtype: DType, _ rowByteCount: Int, to memory: UnsafeMutableRawPointer
    ) {
        codes.withUnsafeBufferPointer { codes in
            groups.withUnsafeBufferPointer { groups in
                scales.withUnsafeBufferPointer { scales in
                    zeros.withUnsafeBufferPointer { zeros in
                        values.withUnsafeBufferPointer { values in
                            guard let firstCode = codes.baseAddress, let firstScale = scales.baseAddress else { return }
                            for row in rows {
                                let scaleOffset = row / rowsPerScale * groupCount
                                var coded = llm_coded_row(
                                    codes: firstCode + (row - rows.lowerBound) * self.codes.columns,
                                    groups: groups.baseAddress, scales: firstScale + scaleOffset,
                                    zeros: zeros.baseAddress.map { $0 + scaleOffset },
                                    values: values.isEmpty ? nil : values.baseAddress)
                                llm_store_codes(
                                    dtype.kernelType, &coded, self.codes.columns, memory + row * rowByteCount)
                            }
                        }
                    }
                }
            }
        }
    }
}

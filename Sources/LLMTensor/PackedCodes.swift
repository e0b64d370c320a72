import CLLMKernels

/// Codes of 4 or 8 bits for a matrix `[rows][columns]`, packed in words as a quantized checkpoint has them.
package struct PackedCodes: Sendable {
    /// How codes are packed.
    package struct Layout: Sendable {
        /// Bytes of a word, 1 or 4.
        package var wordByteCount = 4
        /// Bits of a code, 4 or 8.
        package var bits: Int
        /// Whether a word holds codes of consecutive rows; else of consecutive columns.
        package var runsDown = false
        /// Whether the words of a column, and not those of a row, are one after the other.
        package var isColumnMajor = false
        /// Where the codes of a word are, counted from its low end; in order where empty.
        package var order: [UInt8] = []
        /// Whether codes are integers with a sign: q is taken for q + 128.
        package var isSigned = false

        package init(bits: Int) { self.bits = bits }

        /// Bytes of a matrix; nil where there are more than `Int.max`.
        package func byteCount(rows: Int, columns: Int) -> Int? {
            let (words, overflows) = wordRows(rows).multipliedReportingOverflow(by: wordColumns(columns))
            let (bytes, overflowsToo) = words.multipliedReportingOverflow(by: wordByteCount)
            return overflows || overflowsToo ? nil : bytes
        }

        fileprivate var codesInWord: Int { wordByteCount * 8 / bits }
        fileprivate func wordRows(_ rows: Int) -> Int { runsDown ? words(rows) : rows }
        fileprivate func wordColumns(_ columns: Int) -> Int { runsDown ? columns : words(columns) }
        private func words(_ codes: Int) -> Int { codes / codesInWord + (codes % codesInWord == 0 ? 0 : 1) }
    }

    let layout: Layout
    package let rows: Int
    package let columns: Int
    private let bytes: [UInt8]

    /// - Precondition: `bytes` are as many as the layout needs.
    package init(_ bytes: [UInt8], _ layout: Layout, rows: Int, columns: Int) {
        precondition([1, 4].contains(layout.wordByteCount) && [4, 8].contains(layout.bits), "\(layout)")
        precondition(layout.order.isEmpty || layout.order.sorted() == (0..<UInt8(layout.codesInWord)).map(\.self))
        precondition(
            layout.byteCount(rows: rows, columns: columns) == bytes.count,
            "\(bytes.count) bytes for [\(rows), \(columns)]")
        self.layout = layout
        self.rows = rows
        self.columns = columns
        self.bytes = bytes
    }

    /// All codes, row after row.
    package func unpacked() -> [UInt8] { unpacked(0..<rows) }

    /// The codes of some rows, which begin where a word does.
    func unpacked(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        precondition(!layout.runsDown || range.lowerBound % layout.codesInWord == 0, "row \(range.lowerBound)")
        let count = range.count * columns
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { codes, initialized in
            bytes.withUnsafeBytes { bytes in
                var words = words(bytes)
                llm_unpack_codes(&words, range.lowerBound, range.upperBound, columns, codes.baseAddress)
            }
            initialized = count
        }
    }

    private func words(_ bytes: UnsafeRawBufferPointer) -> llm_code_words {
        let (wordRows, wordColumns) = (layout.wordRows(rows), layout.wordColumns(columns))
        var words = llm_code_words()
        words.words = bytes.baseAddress
        words.word_bytes = layout.wordByteCount
        words.bits = layout.bits
        words.runs_down = layout.runsDown
        words.row_stride = layout.isColumnMajor ? 1 : wordColumns
        words.column_stride = layout.isColumnMajor ? wordRows : 1
        words.flipped = layout.isSigned ? 0x80 : 0
        withUnsafeMutableBytes(of: &words.order) { order in
            for index in 0..<layout.codesInWord {
                order[index] = layout.order.isEmpty ? UInt8(index) : layout.order[index]
            }
        }
        return words
    }
}

import CLLMKernels

/// Float32 values to stored blocks: the one place that knows which types can be written, and with what.
struct BlockEncoder: Sendable {
    /// The types that can be written.
    static let types: [DType] = DType.allCases.filter { encoders["\($0)"] != nil }

    private typealias Encode =
        @Sendable (
            _ values: UnsafePointer<Float>, _ importance: UnsafePointer<Float>?, _ count: Int,
            _ blocks: UnsafeMutableRawPointer
        ) -> Void

    private let function: Encode

    /// nil for a type that cannot be written.
    init?(_ dtype: DType) {
        guard let function = BlockEncoder.encoders["\(dtype)"] else { return nil }
        self.function = function
    }

    /// Encodes `count` values, whole blocks of them.
    ///
    /// - Parameter importance: how much the error of each value counts; nil for the same.
    func encode(
        _ values: UnsafePointer<Float>, importance: UnsafePointer<Float>?, count: Int,
        to blocks: UnsafeMutableRawPointer
    ) {
        function(values, importance, count, blocks)
    }

    private static let encoders: [String: Encode] = [
        "F32": { values, _, count, blocks in blocks.copyMemory(from: values, byteCount: count * 4) },
        "F16": { values, _, count, blocks in
            for index in 0..<count {
                blocks.storeBytes(of: Float16(values[index]), toByteOffset: index * 2, as: Float16.self)
            }
        },
        "BF16": { values, _, count, blocks in
            for index in 0..<count {
                blocks.storeBytes(of: bfloat16Bits(values[index]), toByteOffset: index * 2, as: UInt16.self)
            }
        },
        "Q8_0": { values, _, count, blocks in
            for start in stride(from: 0, to: count, by: 32) { encodeQ8_0(values + start, blocks + start / 32 * 34) }
        },
        "Q4_0": { values, _, count, blocks in
            for start in stride(from: 0, to: count, by: 32) { encodeQ4_0(values + start, blocks + start / 32 * 18) }
        },
    ]

    /// The nearest bfloat16, ties to even; NaN stays NaN.
    private static func bfloat16Bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(bits >> 16) | 0x40 }
        return UInt16((bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// A scale in float16 and 32 integers of 8 bits.
    private static func encodeQ8_0(_ values: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) {
        var largest: Float = 0
        for index in 0..<32 { largest = max(largest, abs(values[index])) }
        let scale = largest / 127
        let inverse = scale > 0 ? 1 / scale : 0
        block.storeBytes(of: Float16(scale), as: Float16.self)
        for index in 0..<32 {
            let integer = min(max((values[index] * inverse).rounded(), -128), 127)
            block.storeBytes(of: integer.isNaN ? 0 : Int8(integer), toByteOffset: 2 + index, as: Int8.self)
        }
    }

    /// A scale in float16 and 32 integers of 4 bits, 8 added to each, the first 16 in the low halves.
    private static func encodeQ4_0(_ values: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) {
        var largest: Float = 0
        for index in 0..<32 where abs(values[index]) > abs(largest) { largest = values[index] }
        let scale = largest / -8
        let inverse = scale != 0 ? 1 / scale : 0
        func integer(_ value: Float) -> UInt8 {
            let integer = min(max((value * inverse).rounded(), -8), 7)
            return integer.isNaN ? 8 : UInt8(integer + 8)
        }
        block.storeBytes(of: Float16(scale), as: Float16.self)
        for index in 0..<16 {
            let byte = integer(values[index]) | integer(values[index + 16]) << 4
            block.storeBytes(of: byte, toByteOffset: 2 + index, as: UInt8.self)
        }
    }
}

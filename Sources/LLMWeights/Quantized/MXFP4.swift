import LLMTensor

/// Microscaling floats of 4 bits (OCP Microscaling 1.0) as gpt-oss has them: the matrices of all experts in one tensor,
/// `NAME_blocks` U8 `[experts, outputs, inputs / 32, 16]`, two codes a byte, and `NAME_scales` U8 with an exponent a block.
/// They are presented as `NAME.weight`, `[experts, outputs, inputs]`, and stay as they are but for the order of codes.
struct MXFP4: QuantizationScheme {
    init(_ config: QuantizationConfig) throws(WeightsError) {}

    let quantization = Quantization(method: "mxfp4", bits: [4], details: "blocks of 32")

    let markers = ["gate_up_proj_blocks", "down_proj_blocks"]

    func weight(_ layer: TensorParts, marker: String) throws(WeightsError) -> QuantizedTensor? {
        let name = String(marker.dropLast("_blocks".count))
        let scales = "\(name)_scales"
        let shape = try layer.info(marker, [.u8]).shape
        guard shape.count == 4, shape[3] == 16 else {
            throw layer.invalid(marker, "shape \(shape)", "[experts, outputs, inputs / 32, 16]")
        }
        try layer.check(scales, [.u8], Array(shape.dropLast()))
        let whole = [shape[0], shape[1], shape[2] * 32]
        return QuantizedTensor(
            layer, weight: "\(name).weight", shape: whole, storedAs: "mxfp4", dtype: .mxfp4, parts: [marker, scales]
        ) { parts throws(WeightsError) in
            let stored = MXFP4.blocks(try parts.bytes(marker), scales: try parts.bytes(scales))
            return stored.withUnsafeBytes { TensorView(shape: whole, dtype: .mxfp4, repeatingBytes: $0) }
        }
    }

    /// ggml's blocks: the exponent, then 16 bytes, each with code i in its low half and code i + 16 in its high one. Stored
    /// are codes 2 i and 2 i + 1.
    private static func blocks(_ codes: [UInt8], scales: [UInt8]) -> [UInt8] {
        var blocks: [UInt8] = []
        blocks.reserveCapacity(scales.count * 17)
        for (index, scale) in scales.enumerated() {
            blocks.append(scale)
            for pair in index * 16..<index * 16 + 8 {
                let (low, high) = (codes[pair], codes[pair + 8])
                blocks.append(low & 15 | high << 4)
                blocks.append(low >> 4 | high & 0xF0)
            }
        }
        return blocks
    }
}

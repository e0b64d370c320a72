import CLLMKernels
import Foundation
import LLMTestSupport

extension SeededGenerator {
    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in float(in: range) }
    }
}

/// A variant's features, so that a test can leave out what this CPU lacks.
protocol KernelVariant {
    var features: UInt32 { get }
}

extension KernelVariant {
    var isAvailable: Bool { features & ~llm_cpu_features() == 0 }
}

extension llm_linear_variant: KernelVariant {}
extension llm_rms_norm_variant: KernelVariant {}
extension llm_rope_variant: KernelVariant {}
extension llm_silu_multiply_variant: KernelVariant {}
extension llm_attention_variant: KernelVariant {}

/// Random weights, packed. The caller frees them.
func packedWeights(
    _ dtype: llm_dtype, outputs: Int, inputs: Int, _ random: inout SeededGenerator
) -> UnsafeMutableRawBufferPointer {
    let panelBytes = llm_panel_bytes(dtype, inputs)
    let panels = (outputs + 31) / 32
    let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: panels * panelBytes, alignment: 64)
    for index in packed.indices { packed[index] = 0xff }  // NaN wherever packing forgets to write
    for panel in 0..<panels {
        let features = min(32, outputs - panel * 32)
        let rows = (0..<features * inputs).map { _ in random.float() }
        let target = packed.baseAddress! + panel * panelBytes
        func pack<Element>(_ rows: [Element]) {
            rows.withUnsafeBytes { bytes in
                let width = inputs * MemoryLayout<Element>.stride
                var pointers = (0..<features).map { UnsafeRawPointer?(bytes.baseAddress! + $0 * width) }
                llm_pack_panel(dtype, &pointers, features, inputs, target)
            }
        }
        switch dtype {
        case LLM_F32: pack(rows)
        case LLM_F16: pack(rows.map { Float16($0) })
        default: pack(rows.map { UInt16($0.bitPattern >> 16) })
        }
    }
    return packed
}

func withOptional(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
    if let values { values.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
}

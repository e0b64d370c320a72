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

extension llm_rms_norm_variant: KernelVariant {}
extension llm_rope_variant: KernelVariant {}
extension llm_silu_multiply_variant: KernelVariant {}
extension llm_attention_variant: KernelVariant {}

/// Random queries, and pages written token by token into shuffled blocks; whatever is not written is NaN.
struct AttentionScenario {
    let blockSize: Int
    let kvHeads: Int
    let heads: Int
    let dim: Int
    let first: Int
    let queries: Int
    let blockTable: [Int32]
    let keys: [[Float]]
    let values: [[Float]]
    let q: [Float]
    let scale: Float

    init(_ random: inout SeededGenerator) {
        blockSize = [16, 32, 64, 128].randomElement(using: &random)!
        kvHeads = Int.random(in: 1...3, using: &random)
        heads = kvHeads * Int.random(in: 1...5, using: &random)
        dim = Int.random(in: 1...90, using: &random)
        first = Int.random(in: 0...300, using: &random)
        queries = Int.random(in: 1...50, using: &random)
        let length = first + queries
        blockTable = (0..<Int32((length + blockSize - 1) / blockSize)).shuffled(using: &random)
        let (kvWidth, width) = (kvHeads * dim, heads * dim)
        keys = (0..<length).map { _ in random.floats(kvWidth) }
        values = (0..<length).map { _ in random.floats(kvWidth) }
        q = random.floats(queries * width, in: -3...3)
        scale = random.float(in: 0.1...0.5)
    }

    func run(_ kernel: llm_attention_fn, _ random: inout SeededGenerator) -> [Float] {
        var pages = llm_pages(keys: nil, values: nil, block_size: blockSize, kv_heads: kvHeads, head_dim: dim)
        var keyPages = [Float](repeating: .nan, count: llm_key_block_floats(&pages) * blockTable.count)
        // A row's padding is never written and must be zero; the rest is NaN until it is written.
        let stride = llm_value_stride(dim)
        var valuePages = (0..<llm_value_block_floats(&pages) * blockTable.count).map { index -> Float in
            index % stride < dim ? .nan : 0
        }
        var out = [Float](repeating: .nan, count: q.count)
        keyPages.withUnsafeMutableBufferPointer { keyPages in
            valuePages.withUnsafeMutableBufferPointer { valuePages in
                pages.keys = keyPages.baseAddress
                pages.values = valuePages.baseAddress
                for position in keys.indices {
                    let slot = Int(blockTable[position / blockSize]) * blockSize + position % blockSize
                    llm_write_page(&pages, slot, keys[position], values[position])
                }
                out.withUnsafeMutableBufferPointer { out in
                    q.withUnsafeBufferPointer { q in
                        blockTable.withUnsafeBufferPointer { table in
                            var arguments = llm_attention_args(
                                q: q.baseAddress, q_stride: heads * dim, out: out.baseAddress, out_stride: heads * dim,
                                pages: pages, block_table: table.baseAddress, first_position: first, heads: heads,
                                scale: scale)
                            for kvHead in 0..<kvHeads {
                                let cut = Int.random(in: 0...queries, using: &random)
                                kernel(&arguments, kvHead, 0, cut)
                                kernel(&arguments, kvHead, cut, queries)
                            }
                        }
                    }
                }
            }
        }
        return out
    }

    /// Softmax attention as the formula states it, in double precision.
    func reference() -> [Double] {
        var result: [Double] = []
        for query in 0..<queries {
            for head in 0..<heads {
                let offset = head / (heads / kvHeads) * dim
                let start = (query * heads + head) * dim
                let scores = (0...first + query).map { position -> Double in
                    let dot = (0..<dim).reduce(0.0) {
                        $0 + Double(q[start + $1]) * Double(keys[position][offset + $1])
                    }
                    return dot * Double(scale)
                }
                let maximum = scores.max()!
                let weights = scores.map { exp($0 - maximum) }
                let sum = weights.reduce(0, +)
                result += (0..<dim).map { d in
                    weights.indices.reduce(0.0) { $0 + weights[$1] * Double(values[$1][offset + d]) } / sum
                }
            }
        }
        return result
    }
}

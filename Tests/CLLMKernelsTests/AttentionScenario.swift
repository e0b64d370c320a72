import CLLMKernels
import Foundation
import LLMTestSupport

/// Pages of one type in memory of their own. Every byte is 0xff until it is written: NaN, or -1 with a scale of NaN.
final class PageMemory {
    let pages: llm_pages
    let keys: UnsafeMutableRawBufferPointer
    let values: UnsafeMutableRawBufferPointer
    let keyScales: UnsafeMutableBufferPointer<Float>
    let valueScales: UnsafeMutableBufferPointer<Float>

    init(_ dtype: llm_kv_dtype, blocks: Int, blockSize: Int, kvHeads: Int, dim: Int) {
        let tokens = blocks * blockSize * kvHeads
        func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
            for index in memory.indices { memory[index] = 0xff }
            return memory
        }
        keys = bytes(tokens * dim * llm_kv_element_bytes(dtype))
        values = bytes(tokens * llm_value_stride(dim) * llm_kv_element_bytes(dtype))
        keyScales = bytes(tokens * 4).bindMemory(to: Float.self)
        valueScales = bytes(tokens * 4).bindMemory(to: Float.self)
        let scaled = dtype == LLM_KV_INT8
        pages = llm_pages(
            dtype: dtype, keys: keys.baseAddress, values: values.baseAddress,
            key_scales: scaled ? keyScales.baseAddress : nil, value_scales: scaled ? valueScales.baseAddress : nil,
            block_size: blockSize, kv_heads: kvHeads, key_dim: dim,
            value_dim: dim)
    }

    deinit {
        keys.deallocate()
        values.deallocate()
        keyScales.deallocate()
        valueScales.deallocate()
    }

    func write(slot: Int, key: [Float], value: [Float]) {
        withUnsafePointer(to: pages) { llm_write_page($0, slot, key, value) }
    }
}

/// A row as pages of a type hold it: what is stored, and its scale.
func storedRow(_ dtype: llm_kv_dtype, _ row: ArraySlice<Float>) -> (elements: [Float], scale: Float) {
    switch dtype {
    case LLM_KV_F32: return (Array(row), 1)
    case LLM_KV_BF16:
        // The nearer of the two bfloat16 numbers around x; of two equally near, the even one.
        return (
            row.map { x in
                let low = Float(bitPattern: x.bitPattern & 0xffff_0000)
                let high = Float(bitPattern: (x.bitPattern & 0xffff_0000) &+ 0x1_0000)
                let (below, above) = (abs(Double(x) - Double(low)), abs(Double(high) - Double(x)))
                return below < above || below == above && low.bitPattern & 0x1_0000 == 0 ? low : high
            }, 1
        )
    default:
        let scale = row.map(abs).max()! / 127
        return (row.map { scale == 0 ? 0 : ($0 * (1 / scale)).rounded(.toNearestOrEven) }, scale)
    }
}

/// Random queries, keys and values of one sequence.
struct AttentionScenario {
    let dtype: llm_kv_dtype
    let kvHeads: Int
    let heads: Int
    let dim: Int
    let first: Int
    let queries: Int
    var keys: [[Float]]
    var values: [[Float]]
    let q: [Float]
    let scale: Float

    var length: Int { first + queries }

    init(_ dtype: llm_kv_dtype, dim: Int? = nil, _ random: inout SeededGenerator) {
        self.dtype = dtype
        kvHeads = Int.random(in: 1...3, using: &random)
        heads = kvHeads * Int.random(in: 1...9, using: &random)
        let dim = dim ?? Int.random(in: 1...90, using: &random)
        self.dim = dim
        first = Int.random(in: 0...300, using: &random)
        queries = Int.random(in: 1...50, using: &random)
        let (kvWidth, width) = (kvHeads * dim, heads * dim)
        keys = (0..<first + queries).map { _ in random.floats(kvWidth) }
        values = (0..<first + queries).map { _ in random.floats(kvWidth) }
        q = random.floats(queries * width, in: -3...3)
        scale = random.float(in: 0.1...0.5)
    }

    /// The output of a kernel, `[queries * heads * dim]`, over pages of shuffled blocks that hold the sequence and
    /// nothing else, the queries taken by `chunks`.
    func run(
        _ kernel: llm_attention_fn, blockSize: Int, chunks: [Range<Int>], _ random: inout SeededGenerator
    ) -> [Float] {
        let table = (0..<Int32((length + blockSize - 1) / blockSize)).shuffled(using: &random)
        let memory = PageMemory(dtype, blocks: table.count, blockSize: blockSize, kvHeads: kvHeads, dim: dim)
        for position in 0..<length {
            let slot = Int(table[position / blockSize]) * blockSize + position % blockSize
            memory.write(slot: slot, key: keys[position], value: values[position])
        }
        var out = [Float](repeating: .nan, count: q.count)
        out.withUnsafeMutableBufferPointer { out in
            q.withUnsafeBufferPointer { q in
                table.withUnsafeBufferPointer { table in
                    var arguments = llm_attention_args(
                        q: q.baseAddress, q_stride: heads * dim, out: out.baseAddress, out_stride: heads * dim,
                        pages: memory.pages, block_table: table.baseAddress, first_position: first, length: length,
                        heads: heads, scale: scale, window: 0, ahead: 0, chunked: false, softcap: 0, slopes: nil,
                        sinks: nil, biases: nil, bias_span: 0)
                    for kvHead in 0..<kvHeads {
                        for chunk in chunks { kernel(&arguments, kvHead, chunk.lowerBound, chunk.upperBound) }
                    }
                }
            }
        }
        return out
    }

    /// All queries in chunks of `size`.
    func chunks(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: queries, by: size).map { $0..<min($0 + size, queries) }
    }

    /// Softmax attention as the formula states it, over what the pages hold, in double precision.
    func reference() -> [Double] {
        func widened(_ rows: [[Float]]) -> [[Double]] {
            rows.map { row in
                (0..<kvHeads).flatMap { head -> [Double] in
                    let stored = storedRow(dtype, row[head * dim..<(head + 1) * dim])
                    return stored.elements.map { Double($0) * Double(stored.scale) }
                }
            }
        }
        let (keys, values) = (widened(keys), widened(values))
        var result: [Double] = []
        for query in 0..<queries {
            for head in 0..<heads {
                let offset = head / (heads / kvHeads) * dim
                let start = (query * heads + head) * dim
                let scores = (0...first + query).map { position -> Double in
                    let dot = (0..<dim).reduce(0.0) { $0 + Double(q[start + $1]) * keys[position][offset + $1] }
                    return dot * Double(scale)
                }
                let maximum = scores.max()!
                let weights = scores.map { exp($0 - maximum) }
                let sum = weights.reduce(0, +)
                result += (0..<dim).map { d in
                    weights.indices.reduce(0.0) { $0 + weights[$1] * values[$1][offset + d] } / sum
                }
            }
        }
        return result
    }
}

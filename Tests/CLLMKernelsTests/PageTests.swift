import CLLMKernels
import LLMTestSupport
import Testing

/// What a page write stores, and where.
@Suite struct PageTests {
    @Test(arguments: AttentionTests.dtypes)
    func `A page write stores every element in its place and touches nothing else`(dtype: llm_kv_dtype) {
        for seed in UInt64(1)...30 {
            var random = SeededGenerator(seed: seed)
            let (kvHeads, dim) = (Int.random(in: 1...4, using: &random), Int.random(in: 1...130, using: &random))
            let (blocks, blockSize) = (3, [16, 32, 64, 128].randomElement(using: &random)!)
            let memory = PageMemory(dtype, blocks: blocks, blockSize: blockSize, kvHeads: kvHeads, dim: dim)
            let slot = Int.random(in: 0..<blocks * blockSize, using: &random)
            let (key, value) = (random.floats(kvHeads * dim), random.floats(kvHeads * dim))
            memory.write(slot: slot, key: key, value: value)

            var (keyElements, valueElements) = (Set<Int>(), Set<Int>())
            let (block, offset) = (slot / blockSize, slot % blockSize)
            for head in 0..<kvHeads {
                let token = (block * kvHeads + head) * blockSize + offset
                let storedKey = storedRow(dtype, key[head * dim..<(head + 1) * dim])
                let storedValue = storedRow(dtype, value[head * dim..<(head + 1) * dim])
                for d in 0..<dim {
                    let keyElement =
                        ((block * kvHeads + head) * blockSize + offset / 16 * 16) * dim + d * 16 + offset % 16
                    let valueElement = token * llm_value_stride(dim) + d
                    #expect(element(dtype, memory.keys, keyElement) == storedKey.elements[d], "seed \(seed)")
                    #expect(element(dtype, memory.values, valueElement) == storedValue.elements[d], "seed \(seed)")
                    keyElements.insert(keyElement)
                    valueElements.insert(valueElement)
                }
                if dtype == LLM_KV_INT8 {
                    #expect(
                        memory.keyScales[token] == storedKey.scale && memory.valueScales[token] == storedValue.scale)
                }
            }
            let bytes = llm_kv_element_bytes(dtype)
            #expect(memory.keys.indices.allSatisfy { keyElements.contains($0 / bytes) || memory.keys[$0] == 0xff })
            #expect(
                memory.values.indices.allSatisfy { valueElements.contains($0 / bytes) || memory.values[$0] == 0xff })
            let scales = dtype == LLM_KV_INT8 ? kvHeads : 0
            #expect(memory.keyScales.count { !$0.isNaN } == scales && memory.valueScales.count { !$0.isNaN } == scales)
        }
    }

    static let rows: [(row: [Float], elements: [Int8], scale: Float)] = [
        ([0, -0.0, 0], [0, 0, 0], 0),
        ([127, -127, 0.5, 1.5, -2.5], [127, -127, 0, 2, -2], 1),
        ([254, 1, -1], [127, 0, 0], 2),
        ([Float(bitPattern: 700), 0, 0], [0, 0, 0], 0),  // too small for an inverse
        ([.greatestFiniteMagnitude, 0, -.greatestFiniteMagnitude], [127, 0, -127], .greatestFiniteMagnitude / 127),
        ([1, .nan, 2], [0, 0, 0], .nan),
        ([1, -.infinity, 2], [0, 0, 0], .nan),
    ]

    @Test(arguments: rows.indices)
    func `An int8 row has the scale of its largest element, and one without a finite scale shows`(index: Int) {
        let (row, elements, scale) = PageTests.rows[index]
        let memory = PageMemory(LLM_KV_INT8, blocks: 1, blockSize: 16, kvHeads: 1, dim: row.count)
        memory.write(slot: 0, key: row, value: row)
        #expect(row.indices.map { Int8(bitPattern: memory.values[$0]) } == elements)
        #expect(row.indices.map { Int8(bitPattern: memory.keys[$0 * 16]) } == elements)
        for written in [memory.keyScales[0], memory.valueScales[0]] {
            #expect(written == scale || written.isNaN && scale.isNaN)
        }
    }

    @Test func `A bfloat16 element is the nearest one, infinities and NaN stay`() {
        let row: [Float] = [
            .infinity, -.infinity, .nan, Float(bitPattern: 0x7f80_0001), .greatestFiniteMagnitude, -0.0,
        ]
        let memory = PageMemory(LLM_KV_BF16, blocks: 1, blockSize: 16, kvHeads: 1, dim: row.count)
        memory.write(slot: 3, key: row, value: row)
        let stored = row.indices.map { element(LLM_KV_BF16, memory.values, 3 * 16 + $0) }
        #expect(stored[0] == .infinity && stored[1] == -.infinity && stored[2].isNaN && stored[3].isNaN)
        #expect(stored[4] == .infinity && stored[5] == 0 && stored[5].sign == .minus)
    }

    private func element(_ dtype: llm_kv_dtype, _ memory: UnsafeMutableRawBufferPointer, _ index: Int) -> Float {
        switch dtype {
        case LLM_KV_F32: memory.load(fromByteOffset: index * 4, as: Float.self)
        case LLM_KV_BF16: Float(bitPattern: UInt32(memory.load(fromByteOffset: index * 2, as: UInt16.self)) << 16)
        default: Float(memory.load(fromByteOffset: index, as: Int8.self))
        }
    }
}

import CLLMKernels
import LLMTestSupport
import Testing

/// Attention over pages of every type.
@Suite struct AttentionTests {
    static let dtypes = [LLM_KV_F32, LLM_KV_BF16, LLM_KV_INT8]
    static let blockSizes = [16, 32, 64, 128]

    private var variants: [llm_attention_variant] {
        var count = 0
        return UnsafeBufferPointer(start: llm_attention_variants(&count), count: count).filter(\.isAvailable)
    }

    @Test(arguments: dtypes)
    func `Every variant gives the plain one's bits for every cut of the queries`(dtype: llm_kv_dtype) {
        for seed in UInt64(1)...60 {
            var random = SeededGenerator(seed: seed)
            let scenario = AttentionScenario(dtype, &random)
            let results = variants.map { variant in
                let cut = Int.random(in: 0...scenario.queries, using: &random)
                return scenario.run(
                    variant.function, blockSize: AttentionTests.blockSizes.randomElement(using: &random)!,
                    chunks: [0..<cut, cut..<scenario.queries], &random
                ).map(\.bitPattern)
            }
            for (variant, result) in zip(variants, results) {
                #expect(result == results[0], "\(String(cString: variant.name)), seed \(seed)")
            }
        }
    }

    @Test(arguments: dtypes, [64, 80, 96, 128, 192, 256, 320, 511, 512])
    func `Every variant gives the plain one's bits for large heads`(dtype: llm_kv_dtype, dim: Int) {
        var random = SeededGenerator(seed: UInt64(dim))
        let scenario = AttentionScenario(dtype, dim: dim, &random)
        let results = variants.map {
            scenario.run($0.function, blockSize: 32, chunks: scenario.chunks(of: 13), &random).map(\.bitPattern)
        }
        for result in results { #expect(result == results[0]) }
    }

    @Test(arguments: dtypes)
    func `The result does not depend on the block size or on how the queries are cut`(dtype: llm_kv_dtype) {
        for seed in UInt64(200)...205 {
            var random = SeededGenerator(seed: seed)
            let scenario = AttentionScenario(dtype, &random)
            for variant in variants {
                var results: [[UInt32]] = []
                for blockSize in AttentionTests.blockSizes {
                    for size in [1, 7, 64, scenario.queries] {
                        results.append(
                            scenario.run(
                                variant.function, blockSize: blockSize, chunks: scenario.chunks(of: size), &random
                            ).map(\.bitPattern))
                    }
                }
                for result in results { #expect(result == results[0], "seed \(seed)") }
            }
        }
    }

    @Test(arguments: dtypes)
    func `Keys and values after a query are not part of its result, not even a NaN`(dtype: llm_kv_dtype) {
        for seed in UInt64(300)...320 {
            var random = SeededGenerator(seed: seed)
            var scenario = AttentionScenario(dtype, &random)
            let seen = Int.random(in: 0..<scenario.queries, using: &random)
            let kept = (0..<seen * scenario.heads * scenario.dim)
            for variant in variants {
                let whole = [0..<scenario.queries]
                let wanted = scenario.run(variant.function, blockSize: 16, chunks: whole, &random)
                let (keys, values) = (scenario.keys, scenario.values)
                for position in scenario.first + seen..<scenario.length {
                    scenario.keys[position] = keys[position].map { _ in .nan }
                    scenario.values[position] = values[position].map { _ in .nan }
                }
                let result = scenario.run(variant.function, blockSize: 16, chunks: whole, &random)
                (scenario.keys, scenario.values) = (keys, values)
                #expect(result[kept].map(\.bitPattern) == wanted[kept].map(\.bitPattern), "seed \(seed)")
                #expect(result[kept.upperBound...].allSatisfy { $0.isNaN }, "seed \(seed)")
            }
        }
    }

    @Test(arguments: dtypes)
    func `Attention agrees with a softmax over what the pages hold, in double precision`(dtype: llm_kv_dtype) {
        for seed in UInt64(100)...120 {
            var random = SeededGenerator(seed: seed)
            let scenario = AttentionScenario(dtype, &random)
            let result = scenario.run(
                variants[0].function, blockSize: 32, chunks: [0..<scenario.queries], &random)
            for (got, wanted) in zip(result, scenario.reference()) {
                #expect(abs(Double(got) - wanted) < 1e-5, "seed \(seed)")
            }
        }
    }
}

import CLLMKernels
import Testing

/// Blocks of stored types from floats: what the harness's random cases cannot say.
@Suite struct FitTests {
    static let types = (0..<LLM_IQ3_S.rawValue).map { llm_dtype($0) }.filter { llm_block_group($0) != 0 }

    private func decoded(_ dtype: llm_dtype, _ x: [Float], importance: [Float]? = nil) throws -> [Float] {
        var count = 0
        let encoding = try #require(llm_encodings(&count))[Int(dtype.rawValue)]
        let fit = try #require(llm_fit_variants(&count)).pointee.function
        let blocks = x.count / encoding.elements
        var bytes = [UInt8](repeating: 0, count: blocks * encoding.bytes)
        var weights = [Float](repeating: 0, count: x.count)
        llm_encode_blocks(fit, dtype, x, importance, blocks, &bytes)
        llm_decode(dtype, bytes, 0, x.count, &weights)
        return weights
    }

    @Test func `The types with parts are those that are written`() {
        #expect(FitTests.types.count == 13)
        #expect([LLM_F32, LLM_F16, LLM_BF16].allSatisfy { llm_can_encode($0) && llm_block_group($0) == 0 })
        #expect(!llm_can_encode(LLM_IQ2_S) && !llm_can_encode(LLM_TQ1_0))
    }

    @Test(arguments: types)
    func `Zeros stay zeros`(dtype: llm_dtype) throws {
        #expect(try decoded(dtype, [Float](repeating: 0, count: 512)).allSatisfy { $0 == 0 })
    }

    @Test(arguments: types, [Float.nan, .infinity, -.infinity])
    func `A number that is none makes its block NaN and no other, where a type has NaN`(
        dtype: llm_dtype, broken: Float
    ) throws {
        var x = (0..<512).map { Float($0 % 13) - 6 }
        x[3] = broken
        let weights = try decoded(dtype, x)
        #expect(weights[0].isNaN == (dtype != LLM_MXFP4) && weights[256...].allSatisfy { $0.isFinite })
    }

    @Test(arguments: types)
    func `Weights that are too large or too small for a scale give finite ones`(dtype: llm_dtype) throws {
        for x in [Float.greatestFiniteMagnitude, 3e30, 1e-30, .leastNonzeroMagnitude] {
            let weights = try decoded(dtype, (0..<256).map { $0 % 3 == 0 ? -x : x })
            #expect(weights.allSatisfy { $0.isFinite })
        }
    }

    @Test func `Weights all above zero have a base above zero`() throws {
        let x = (0..<256).map { 1 + Float($0 % 16) / 100 }
        #expect(zip(try decoded(LLM_Q4_K, x), x).allSatisfy { abs($0 - $1) < 0.002 })
    }

    @Test(arguments: [LLM_Q4_0, LLM_Q4_K, LLM_Q6_K, LLM_IQ4_XS])
    func `An important weight is nearer than it would be`(dtype: llm_dtype) throws {
        let x = (0..<256).map { Float(($0 * 37) % 101) / 50 - 1 }
        var importance = [Float](repeating: 1, count: 256)
        for i in stride(from: 7, to: 256, by: 16) { importance[i] = 1000 }
        func error(_ weights: [Float]) -> Float {
            x.indices.map { (x[$0] - weights[$0]) * (x[$0] - weights[$0]) * importance[$0] }.reduce(0, +)
        }
        #expect(try error(decoded(dtype, x, importance: importance)) < error(decoded(dtype, x)) / 2)
    }

    @Test func `A code is the nearest value under any step and base`() {
        #expect(llm_nearest_code(LLM_Q4_K, 0.5, -1, 0.3) == 3)
        #expect(llm_nearest_code(LLM_Q4_K, 0.5, -1, -9) == 0 && llm_nearest_code(LLM_Q4_K, 0.5, -1, 9) == 15)
        #expect(llm_nearest_code(LLM_Q4_0, -0.5, -0.0, 1.1) == 6)
        #expect(llm_nearest_code(LLM_Q8_0, 1, -0.0, -500) == 1 && llm_nearest_code(LLM_Q8_0, 1, -0.0, 3) == 131)
        #expect(llm_nearest_code(LLM_IQ4_NL, 1, -0.0, 30) == 10 && llm_nearest_code(LLM_MXFP4, 0.5, -0.0, -6) == 15)
        #expect(llm_nearest_code(LLM_Q6_K, 0, -0.0, 5) == 32 && llm_nearest_code(LLM_Q6_K, 1, -0.0, .nan) == 0)
    }
}

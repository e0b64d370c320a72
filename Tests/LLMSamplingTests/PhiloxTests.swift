import LLMSampling
import Testing

@Suite struct PhiloxTests {
    /// The `philox4x32 10` rows of Random123's `kat_vectors`.
    @Test func `The known answers come out`() {
        let rows: [(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, answer: SIMD4<UInt32>)] = [
            (
                SIMD4(repeating: 0), SIMD2(repeating: 0),
                SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)
            ),
            (
                SIMD4(repeating: .max), SIMD2(repeating: .max),
                SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
            ),
            (
                SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0),
                SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
            ),
        ]
        for row in rows { #expect(Philox.block(counter: row.counter, key: row.key) == row.answer) }
    }

    @Test func `Uniforms depend on each argument and on nothing else`() {
        let draws = [
            Philox.uniform(seed: 1, output: 0, draw: .token),
            Philox.uniform(seed: 2, output: 0, draw: .token),
            Philox.uniform(seed: 1 + 1 << 32, output: 0, draw: .token),
            Philox.uniform(seed: 1, output: 1, draw: .token),
            Philox.uniform(seed: 1, output: 1 << 32, draw: .token),
            Philox.uniform(seed: 1, output: 0, draw: .xtc),
        ]
        #expect(Set(draws).count == draws.count)
        #expect(draws[3] == Philox.uniform(seed: 1, output: 1, draw: .token))
    }

    @Test func `Uniforms fill [0, 1) evenly`() {
        var counts = [Int](repeating: 0, count: 10)
        for output in 0..<10_000 {
            let uniform = Philox.uniform(seed: -5, output: output, draw: .token)
            #expect(uniform >= 0 && uniform < 1)
            counts[Int(uniform * 10)] += 1
        }
        let chiSquare = counts.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
        #expect(chiSquare < 27.9)  // 9 degrees of freedom, p = 0.001
    }
}

import CLLMKernels
import LLMTestSupport
import Testing

/// Every variant against the plain one of its table, bit for bit, on random shapes with odd sizes and tails.
@Suite struct KernelTests {
    @Test func `Every RMSNorm variant gives the plain one's bits`() {
        var count = 0
        let variants = UnsafeBufferPointer(start: llm_rms_norm_variants(&count), count: count)
        for seed in UInt64(1)...40 {
            var random = SeededGenerator(seed: seed)
            let (rows, groups) = (Int.random(in: 1...5, using: &random), Int.random(in: 1...3, using: &random))
            let width = Int.random(in: 1...200, using: &random)
            let x = random.floats(rows * groups * width)
            let weight = random.floats(width)
            compare(variants.map { ($0.name, $0.isAvailable, $0.function) }, seed: seed, output: x) { function, y in
                weight.withUnsafeBufferPointer { weight in
                    var arguments = llm_rms_norm_args(
                        x: UnsafePointer(y), x_stride: groups * width, weight: weight.baseAddress, y: y,
                        y_stride: groups * width, groups: groups, width: width, epsilon: 1e-5)
                    function!(&arguments, 0, rows)
                }
            }
        }
    }

    @Test func `Every rotary variant gives the plain one's bits`() {
        var count = 0
        let variants = UnsafeBufferPointer(start: llm_rope_variants(&count), count: count)
        for seed in UInt64(1)...40 {
            var random = SeededGenerator(seed: seed)
            let (rows, heads) = (Int.random(in: 1...5, using: &random), Int.random(in: 1...3, using: &random))
            let half = Int.random(in: 1...70, using: &random)
            let dim = half * 2 + Int.random(in: 0...3, using: &random)
            let x = random.floats(rows * heads * dim)
            let (cosines, sines) = (random.floats(rows * half), random.floats(rows * half))
            compare(variants.map { ($0.name, $0.isAvailable, $0.function) }, seed: seed, output: x) { function, y in
                cosines.withUnsafeBufferPointer { cosines in
                    sines.withUnsafeBufferPointer { sines in
                        var arguments = llm_rope_args(
                            x: y, x_stride: heads * dim, cosines: cosines.baseAddress, sines: sines.baseAddress,
                            heads: heads, head_dim: dim, half: half)
                        function!(&arguments, 0, rows)
                    }
                }
            }
        }
    }

    @Test func `Every gate variant gives the plain one's bits, extreme values too`() {
        var count = 0
        let variants = UnsafeBufferPointer(start: llm_silu_multiply_variants(&count), count: count)
        for seed in UInt64(1)...40 {
            var random = SeededGenerator(seed: seed)
            let rows = Int.random(in: 1...5, using: &random)
            let width = Int.random(in: 1...100, using: &random)
            var x = random.floats(rows * width * 2, in: -30...30)
            let extremes: [Float] = [
                .infinity, -.infinity, 100, -100, 88, -88, 0, -0.0, 1e-30, .greatestFiniteMagnitude,
            ]
            for value in extremes { x[Int.random(in: 0..<x.count, using: &random)] = value }
            let output = [Float](repeating: 0, count: rows * width)
            compare(variants.map { ($0.name, $0.isAvailable, $0.function) }, seed: seed, output: output) {
                function, y in
                x.withUnsafeBufferPointer { x in
                    var arguments = llm_silu_multiply_args(
                        x: x.baseAddress, x_stride: width * 2, y: y, y_stride: width, width: width)
                    function!(&arguments, 0, rows)
                }
            }
        }
    }

    @Test func `Every attention variant gives the plain one's bits for every cut of the queries`() {
        var count = 0
        let variants = UnsafeBufferPointer(start: llm_attention_variants(&count), count: count)
        for seed in UInt64(1)...60 {
            var random = SeededGenerator(seed: seed)
            let scenario = AttentionScenario(&random)
            var results: [[UInt32]] = []
            for variant in variants where variant.isAvailable {
                results.append(scenario.run(variant.function, &random).map(\.bitPattern))
            }
            for (index, result) in results.enumerated() {
                #expect(result == results[0], "\(String(cString: variants[index].name)), seed \(seed)")
            }
        }
    }

    @Test func `Attention agrees with a softmax in double precision`() {
        var count = 0
        let variants = UnsafeBufferPointer(start: llm_attention_variants(&count), count: count)
        for seed in UInt64(100)...120 {
            var random = SeededGenerator(seed: seed)
            let scenario = AttentionScenario(&random)
            let result = scenario.run(variants[0].function, &random)
            for (got, wanted) in zip(result, scenario.reference()) {
                #expect(abs(Double(got) - wanted) < 1e-5, "seed \(seed)")
            }
        }
    }

    @Test func `Every table begins with a plain variant that needs no feature`() {
        var count = 0
        #expect(llm_rms_norm_variants(&count).pointee.features == 0)
        #expect(llm_rope_variants(&count).pointee.features == 0)
        #expect(llm_silu_multiply_variants(&count).pointee.features == 0)
        #expect(llm_attention_variants(&count).pointee.features == 0)
    }

    private func compare<Function>(
        _ variants: [(UnsafePointer<CChar>?, Bool, Function)], seed: UInt64, output: [Float],
        _ run: (Function, UnsafeMutablePointer<Float>) -> Void
    ) {
        var plain: [UInt32]?
        for (name, available, function) in variants where available {
            var y = output
            y.withUnsafeMutableBufferPointer { run(function, $0.baseAddress!) }
            let bits = y.map(\.bitPattern)
            #expect(bits == plain ?? bits, "\(name.map { String(cString: $0) } ?? ""), seed \(seed)")
            plain = plain ?? bits
        }
    }
}

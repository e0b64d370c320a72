import CLLMKernels
import LLMTestSupport
import Testing

/// Every variant against the plain one of its table, bit for bit, on random shapes with odd sizes and tails.
@Suite struct KernelTests {
    @Test(arguments: [LLM_F32, LLM_F16, LLM_BF16])
    func `Every linear variant gives the plain one's bits`(dtype: llm_dtype) {
        for seed in UInt64(1)...60 {
            var random = SeededGenerator(seed: seed)
            let rows = Int.random(in: 1...40, using: &random)
            let inputs = Int.random(in: 1...150, using: &random)
            let outputs = Int.random(in: 1...300, using: &random)
            let packed = packedWeights(dtype, outputs: outputs, inputs: inputs, &random)
            let stride = inputs + Int.random(in: 0...3, using: &random)
            let x = random.floats(rows * stride)
            let bias = Bool.random(using: &random) ? random.floats(outputs) : nil
            let old = random.floats(rows * outputs)
            let accumulate = Bool.random(using: &random)
            var count = 0
            let variants = UnsafeBufferPointer(start: llm_linear_variants(dtype, &count), count: count)
            var results: [[UInt32]] = []
            for variant in variants where variant.isAvailable {
                var y = old
                let panels = (outputs + 31) / 32
                let cut = Int.random(in: 0...panels, using: &random)
                y.withUnsafeMutableBufferPointer { y in
                    x.withUnsafeBufferPointer { x in
                        withOptional(bias) { bias in
                            var arguments = llm_linear_args(
                                x: x.baseAddress, x_stride: stride, packed: packed.baseAddress, bias: bias,
                                y: y.baseAddress, y_stride: outputs, rows: rows, k: inputs, n: outputs,
                                accumulate: accumulate)
                            variant.function(&arguments, 0, cut)
                            variant.function(&arguments, cut, panels)
                        }
                    }
                }
                results.append(y.map(\.bitPattern))
            }
            packed.deallocate()
            for (index, result) in results.enumerated() {
                #expect(result == results[0], "\(String(cString: variants[index].name)), seed \(seed)")
            }
        }
    }

    @Test(arguments: [LLM_F32, LLM_F16, LLM_BF16])
    func `The plain linear kernel is a chain of fused multiply-adds over the unpacked rows`(dtype: llm_dtype) {
        var random = SeededGenerator(seed: 5)
        let (rows, inputs, outputs) = (3, 37, 45)
        let packed = packedWeights(dtype, outputs: outputs, inputs: inputs, &random)
        defer { packed.deallocate() }
        let x = random.floats(rows * inputs)
        var y = [Float](repeating: .nan, count: rows * outputs)
        var count = 0
        let plain = llm_linear_variants(dtype, &count)!.pointee
        y.withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
                var arguments = llm_linear_args(
                    x: x.baseAddress, x_stride: inputs, packed: packed.baseAddress, bias: nil, y: y.baseAddress,
                    y_stride: outputs, rows: rows, k: inputs, n: outputs, accumulate: false)
                plain.function(&arguments, 0, 2)
            }
        }
        for output in 0..<outputs {
            var weights = [Float](repeating: 0, count: inputs)
            llm_unpack_row(dtype, packed.baseAddress, inputs, output, &weights)
            for row in 0..<rows {
                var sum: Float = 0
                for k in 0..<inputs { sum.addProduct(x[row * inputs + k], weights[k]) }
                #expect(y[row * outputs + output].bitPattern == sum.bitPattern)
            }
        }
    }

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

    @Test func `Every table begins with a plain variant that needs no feature`() {
        var count = 0
        for dtype in [LLM_F32, LLM_F16, LLM_BF16] { #expect(llm_linear_variants(dtype, &count).pointee.features == 0) }
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

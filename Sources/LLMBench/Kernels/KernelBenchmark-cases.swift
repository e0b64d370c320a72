import Glibc
import LLMTensor

extension KernelBenchmark {
    /// A packing with an arithmetic, under the name that the checks use.
    struct LinearKernel: Sendable {
        let name: String
        let format: LinearFormat
        let dtype: DType
        let arithmetic: MultiplyAdd
    }

    static let linearKernels = [
        LinearKernel(name: "linear_q8", format: .q8_0, dtype: .bfloat16, arithmetic: .int8),
        LinearKernel(name: "linear_q4", format: .q4_0, dtype: .bfloat16, arithmetic: .int4),
        LinearKernel(name: "linear_w8", format: .w8a8, dtype: .bfloat16, arithmetic: .int8),
        LinearKernel(name: "linear_bf16_bf16", format: .bfloat16, dtype: .bfloat16, arithmetic: .bfloat16),
        LinearKernel(name: "linear_bf16", format: .stored, dtype: .bfloat16, arithmetic: .float32),
        LinearKernel(name: "linear_f16", format: .stored, dtype: .float16, arithmetic: .float32),
        LinearKernel(name: "linear_f32", format: .stored, dtype: .float32, arithmetic: .float32),
        stored("Q4_1", .int4), stored("Q5_0", .int8), stored("Q5_1", .int8), stored("Q2_K", .int4),
        stored("Q4_K", .int4), stored("Q5_K", .int8), stored("Q6_K", .int8), stored("IQ4_NL", .int8),
        stored("IQ4_XS", .int8), stored("MXFP4", .int8),
        LinearKernel(name: "linear_int4", format: .stored, dtype: .int4, arithmetic: .int4),
    ]

    /// The kernel of one of ggml's types that run as stored.
    private static func stored(_ name: String, _ arithmetic: MultiplyAdd) -> LinearKernel {
        guard let dtype = DType(ggmlName: name) else { preconditionFailure("no type \(name)") }
        return LinearKernel(
            name: "linear_\(name.lowercased())", format: .stored, dtype: dtype, arithmetic: arithmetic)
    }

    private struct LinearShape {
        let name: String
        let outputs: Int
        let inputs: Int
        var kind = PackedWeights.Kind.plain
        var output = LinearOutput.store
        var rows = [1, 8, 32, 128, 512]
    }

    /// Of Llama-3.2-1B; its output head, of 128256 rows, to a quarter, and for the rows that a step wants logits of.
    private static let linearShapes = [
        LinearShape(name: "qkv", outputs: 3072, inputs: 2048),
        LinearShape(name: "gate_up", outputs: 16384, inputs: 2048, kind: .gated),
        LinearShape(name: "down", outputs: 2048, inputs: 8192, output: .add),
        LinearShape(name: "head", outputs: 32064, inputs: 2048, rows: [1, 8, 32]),
    ]

    private static let (hidden, heads, kvHeads, headDim) = (2048, 32, 8, 64)
    private static let norm = RMSNorm(weight: values(hidden).map { $0 + 1 }, epsilon: 1e-5)

    /// The shapes of a kernel, each a list of cases to be made when its turn comes.
    func shapes(of kernel: String) -> [() -> [Case]] {
        switch kernel {
        case "encode": [{ [1, 32, 512].map(encodeCase) }]
        case "rms_norm": [{ [1, 32, 512].map(normCase) }]
        case "rope": [{ [1, 32, 512].map(ropeCase) }]
        case "attention":
            KVCacheDtype.allCases.flatMap { dtype in
                [
                    { [attentionCase("4096, \(dtype.rawValue)", dtype, first: 4095, rows: 1)] },
                    { [attentionCase("prompt, \(dtype.rawValue)", dtype, first: 0, rows: 512)] },
                ]
            }
        case "mamba2_scan": [{ [scanCase(512)] }]
        default:
            KernelBenchmark.linearKernels.filter { $0.name == kernel }.flatMap { linear in
                KernelBenchmark.linearShapes.map { shape in { linearCases(linear, shape) } }
            }
        }
    }

    private func linearCases(_ linear: LinearKernel, _ shape: LinearShape) -> [Case] {
        let copies = copies(linear, shape)
        return shape.rows.map { linearCase(linear, shape, copies, $0) }
    }

    private func copies(_ linear: LinearKernel, _ shape: LinearShape) -> [PackedWeights] {
        let view = view([shape.outputs, shape.inputs], linear.dtype)
        let weights = PackedWeights(stacking: [view], as: linear.format, shape.kind, on: compute)
        let count = (KernelBenchmark.uncachedByteCount + weights.byteCount - 1) / weights.byteCount
        return [weights] + (1..<max(count, 2)).map { _ in weights.copied() }
    }

    /// Floats are numbers; blocks are bytes that make scales ordinary numbers.
    private func view(_ shape: [Int], _ dtype: DType) -> TensorView {
        if dtype.blockElements == 1 {
            return TensorView(shape: shape, dtype: dtype, repeating: KernelBenchmark.values(4099))
        }
        return [UInt8](repeating: 0x2C, count: 4096).withUnsafeBytes {
            TensorView(shape: shape, dtype: dtype, repeatingBytes: $0)
        }
    }

    private func linearCase(
        _ linear: LinearKernel, _ shape: LinearShape, _ copies: [PackedWeights], _ rows: Int
    ) -> Case {
        let x = KernelBenchmark.matrix(rows, shape.inputs)
        let y = Matrix(rows: rows, columns: copies[0].outputColumns)
        let input = compute.activations(x, for: copies[0], in: ActivationScratch())
        return Case(
            kernel: linear.name, shape: "\(shape.name) \(shape.outputs)x\(shape.inputs)", rows: rows,
            operations: 2 * Double(rows * shape.outputs * shape.inputs), arithmetic: linear.arithmetic,
            memory: copies.map { ReadPass($0.memory, threads: compute.pool.threads) }
        ) { index in
            compute.linear(input, copies[index % copies.count], into: y, shape.output)
        }
    }

    private func encodeCase(_ rows: Int) -> Case {
        let view = TensorView(
            shape: [32, KernelBenchmark.hidden], dtype: .float32, repeating: KernelBenchmark.values(4099))
        let weights = PackedWeights(stacking: [view], as: .q8_0, on: compute)
        let x = KernelBenchmark.matrix(rows, KernelBenchmark.hidden)
        let scratch = ActivationScratch()
        return rowCase("encode", "norm, int8 \(KernelBenchmark.hidden)", x) {
            _ = compute.activations(x, norm: KernelBenchmark.norm, for: weights, in: scratch)
        }
    }

    private func normCase(_ rows: Int) -> Case {
        let x = KernelBenchmark.matrix(rows, KernelBenchmark.hidden)
        let y = Matrix(rows: rows, columns: KernelBenchmark.hidden)
        return rowCase("rms_norm", "\(KernelBenchmark.hidden)", x) { compute.rmsNorm(x, KernelBenchmark.norm, into: y) }
    }

    private func ropeCase(_ rows: Int) -> Case {
        let (dim, heads) = (KernelBenchmark.headDim, KernelBenchmark.heads + KernelBenchmark.kvHeads)
        let x = KernelBenchmark.matrix(rows, heads * dim)
        let table = RotaryTable(
            positions: (0..<Int32(rows)).map { $0 },
            inverseFrequencies: (0..<dim / 2).map { powf(500_000, -Float(2 * $0) / Float(dim)) })
        return rowCase("rope", "\(heads) heads of \(dim)", x) { compute.rope(x, headDim: dim, table) }
    }

    /// A kernel that reads rows and does little with them.
    private func rowCase(_ kernel: String, _ shape: String, _ x: Matrix, _ pass: @escaping () -> Void) -> Case {
        Case(
            kernel: kernel, shape: shape, rows: x.rows, operations: 0, arithmetic: .float32,
            memory: [ReadPass([x.memory], threads: compute.pool.threads)]
        ) { _ in pass() }
    }

    /// Queries of the last `rows` positions of one sequence, on pages that no cache holds.
    private func attentionCase(_ name: String, _ dtype: KVCacheDtype, first: Int, rows: Int) -> Case {
        let (heads, kvHeads, dim) = (KernelBenchmark.heads, KernelBenchmark.kvHeads, KernelBenchmark.headDim)
        let (length, blockSize) = (first + rows, 32)
        let blocks = (length + blockSize - 1) / blockSize
        let entry = CacheEntry(heads: kvHeads, keyDim: dim, valueDim: dim)
        let one = KVPagesShape(layers: 1, entry: entry, blockSize: blockSize, dtype: dtype)
        let layers = max(2, KernelBenchmark.uncachedByteCount / (one.blockByteCount * blocks))
        let shape = KVPagesShape(layers: layers, entry: entry, blockSize: blockSize, dtype: dtype)
        let pages = KVPages(shape: shape, blockCount: blocks)
        let values = KernelBenchmark.matrix(length, kvHeads * dim)
        for layer in 0..<layers {
            compute.writePages(keys: values, values: values, slots: Array(0..<length), pages: pages, layer: layer)
        }
        let sequence = AttentionSequence(
            rows: 0..<rows, firstPosition: first, blockTable: (0..<Int32(blocks)).map { $0 })
        let plan = AttentionPlan([sequence], heads: heads, pages: pages)
        let q = KernelBenchmark.matrix(rows, heads * dim)
        let y = Matrix(rows: rows, columns: heads * dim)
        let visible = (first..<length).reduce(0) { $0 + $1 + 1 }
        return Case(
            kernel: "attention", shape: name, rows: rows, operations: 4 * Double(visible * heads * dim),
            arithmetic: .float32,
            memory: (0..<layers).map { ReadPass(pages.memory(ofLayer: $0), threads: compute.pool.threads) }
        ) { index in
            compute.attention(
                q, plan, pages: pages, layer: index % layers, AttentionScores(scale: 1 / Float(dim).squareRoot()),
                into: y)
        }
    }

    /// A prompt through a layer of Granite 4 Tiny.
    private func scanCase(_ rows: Int) -> Case {
        let count = 48
        let heads = Mamba2Heads(
            count: count, dim: 64, groups: 1, state: 128, stepBias: Array(repeating: 0, count: count),
            decay: Array(repeating: -1, count: count), skip: Array(repeating: 1, count: count))
        let x = KernelBenchmark.matrix(rows, heads.count * heads.dim + 2 * heads.state)
        let steps = KernelBenchmark.matrix(rows, heads.count)
        let y = Matrix(rows: rows, columns: heads.count * heads.dim)
        let states = LayerStates(
            StateSlots(sizes: [heads.stateSize], count: 1), layer: 0,
            [[StateRun(rows: 0..<rows, source: nil, target: 0)]])
        return Case(
            kernel: "mamba2_scan", shape: "48 heads of 64, state 128", rows: rows,
            operations: 5 * Double(rows * heads.count * heads.dim * heads.state), arithmetic: .float32,
            memory: [ReadPass([x.memory], threads: compute.pool.threads)]
        ) { _ in compute.mamba2Scan(x, steps: steps, heads, states, offset: 0, into: y) }
    }

    /// Bytes that no cache holds: four times the last one, 256 MiB at least.
    private static let uncachedByteCount = max(256 << 20, 4 * sysconf(Int32(_SC_LEVEL3_CACHE_SIZE)))

    /// Numbers between -0.5 and 0.5 without much order.
    private static func values(_ count: Int) -> [Float] {
        (0..<count).map { Float(UInt32(truncatingIfNeeded: $0) &* 2_654_435_761 >> 8) / Float(1 << 24) - 0.5 }
    }

    private static func matrix(_ rows: Int, _ columns: Int) -> Matrix {
        let matrix = Matrix(rows: rows, columns: columns)
        let row = values(columns)
        for index in 0..<rows { matrix.setRow(index, row) }
        return matrix
    }
}

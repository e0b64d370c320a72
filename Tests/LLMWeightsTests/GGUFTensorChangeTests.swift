import LLMTensor
import LLMWeights
import Testing

/// What converters do to tensors, undone: quantized rows are moved as they are stored.
@Suite struct GGUFTensorChangeTests {
    /// A matrix of Q8_0 whose rows hold numbers, the first of them `first`; a block to a row.
    private struct Rows {
        let name: String
        let sizes: [UInt64]  // of rows, the innermost first
        var first = 0
    }

    /// A model of one layer of an architecture, with what most of them need.
    private static func model(
        _ architecture: String, _ rows: [Rows], heads: UInt32 = 4, keys: UInt32 = 2, dim: UInt32 = 2,
        experts: UInt32 = 0,
        further: [String: UInt32] = [:], numbers: [String: Float] = [:]
    ) -> GGUF {
        var counts: [String: UInt32] = [
            "block_count": 1, "context_length": 64, "embedding_length": 32, "feed_forward_length": 2,
            "attention.head_count": heads, "attention.head_count_kv": keys, "attention.key_length": dim,
        ]
        if experts > 0 { counts.merge(["expert_count": experts, "expert_used_count": 1]) { $1 } }
        counts.merge(further) { $1 }
        var floats: [String: Float] = ["attention.layer_norm_rms_epsilon": 1e-5, "attention.layer_norm_epsilon": 1e-5]
        floats.merge(numbers) { $1 }
        if ["llama", "qwen2moe", "qwen3moe", "gpt-oss", "granitemoe", "gemma"].contains(architecture) {
            floats["attention.layer_norm_epsilon"] = nil
        }
        var values = [GGUF.value("general.architecture", architecture)]
        values += counts.map { GGUF.value("\(architecture).\($0)", .uint32, GGUF.little($1)) }
        values += floats.map { GGUF.value("\(architecture).\($0)", .float32, GGUF.little($1.bitPattern)) }
        var (tensors, data): ([[UInt8]], [UInt8]) = ([], [])
        for rows in [Rows(name: "token_embd.weight", sizes: [1])] + rows {
            data += Array(repeating: 0, count: (32 - data.count % 32) % 32)
            tensors.append(GGUF.tensor(rows.name, [32] + rows.sizes, type: 8, offset: UInt64(data.count)))
            for row in 0..<Int(rows.sizes.reduce(1, *)) {
                data += GGUF.little(Float16(1).bitPattern) + Array(repeating: UInt8(rows.first + row), count: 32)
            }
        }
        return GGUF(values: values, tensors: tensors, data: data)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let model: GGUF
        let name: String
        let shape: [Int]
        let rows: [Float]
    }

    private static let exps = [
        Rows(name: "blk.0.ffn_gate_exps.weight", sizes: [2, 3]),
        Rows(name: "blk.0.ffn_up_exps.weight", sizes: [2, 3], first: 10),
    ]

    static let cases = [
        Case(
            testDescription: "gates and ups of experts, one after another",
            model: model(
                "granitemoe", exps, experts: 3,
                numbers: ["attention.scale": 1, "logit_scale": 1]),
            name: "model.layers.0.block_sparse_moe.input_linear.weight", shape: [3, 4, 32],
            rows: [0, 1, 10, 11, 2, 3, 12, 13, 4, 5, 14, 15]),
        Case(
            testDescription: "gates and ups of experts in turn",
            model: model("gpt-oss", exps, experts: 3, further: ["expert_feed_forward_length": 2]),
            name: "model.layers.0.mlp.experts.gate_up_proj.weight", shape: [3, 4, 32],
            rows: [0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15]),
        Case(
            testDescription: "one expert of several",
            model: model("qwen3moe", exps, experts: 3, further: ["expert_feed_forward_length": 2]),
            name: "model.layers.0.mlp.experts.1.up_proj.weight", shape: [2, 32], rows: [12, 13]),
        Case(
            testDescription: "queries, keys and values by key heads",
            model: model("falcon", [Rows(name: "blk.0.attn_qkv.weight", sizes: [16]), up]),
            name: "transformer.h.0.self_attention.query_key_value.weight", shape: [16, 32],
            rows: [0, 1, 2, 3, 8, 9, 12, 13, 4, 5, 6, 7, 10, 11, 14, 15]),
        Case(
            testDescription: "keys of a matrix of all",
            model: model("phi2", [Rows(name: "blk.0.attn_qkv.weight", sizes: [16]), up]),
            name: "model.layers.0.self_attn.k_proj.weight", shape: [4, 32], rows: [8, 9, 10, 11]),
        Case(
            testDescription: "queries of a matrix of all, their rows in the hub's order",
            model: model(
                "llama", [Rows(name: "blk.0.attn_qkv.weight", sizes: [16])], heads: 2, keys: 1, dim: 4),
            name: "model.layers.0.self_attn.q_proj.weight", shape: [8, 32], rows: [0, 2, 1, 3, 4, 6, 5, 7]),
        Case(
            testDescription: "a vector as a matrix",
            model: model(
                "qwen2moe", [Rows(name: "blk.0.ffn_gate_inp_shexp.weight", sizes: [])], experts: 3,
                further: ["expert_feed_forward_length": 2, "expert_shared_feed_forward_length": 2]),
            name: "model.layers.0.mlp.shared_expert_gate.weight", shape: [1, 32], rows: [0]),
    ]

    private static let up = Rows(name: "blk.0.ffn_up.weight", sizes: [2])

    @Test(arguments: cases)
    func `Rows are where the hub has them, in the blocks that are stored`(entry: Case) throws {
        try entry.model.with { file in
            let model = try GGUFModel(file)
            let view = try model.tensor(named: entry.name)
            #expect(view.shape == entry.shape && view.dtype == .q8_0)
            #expect(model.info(named: entry.name)?.shape == entry.shape)
            #expect(model.info(named: entry.name)?.byteCount == view.byteCount)
            let floats = view.floats()
            #expect(stride(from: 0, to: floats.count, by: 32).map { floats[$0] } == entry.rows)
        }
    }

    @Test func `A norm in blocks has no 1 taken from it`() throws {
        let norm = Rows(name: "output_norm.weight", sizes: [], first: 3)
        let model = Self.model("gemma", [norm])
        let error = try #require(throws: WeightsError.self) { try model.with { _ = try GGUFModel($0) } }
        #expect(error.code == .corrupt && error.message.contains("output_norm.weight"), "\(error)")
    }

    @Test func `Experts of another number, or gates without ups, are refused`() throws {
        for (experts, rows) in [(4, Self.exps), (3, [Self.exps[0]])] as [(UInt32, [Rows])] {
            let model = Self.model(
                "gpt-oss", rows, experts: experts, further: ["expert_feed_forward_length": 2])
            let error = try #require(throws: WeightsError.self) { try model.with { _ = try GGUFModel($0) } }
            #expect(error.code == .corrupt && error.message.contains("blk.0.ffn_gate_exps.weight"), "\(error)")
        }
    }
}

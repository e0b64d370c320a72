import LLMGen
import Testing

@Suite struct QuantizationMixTests {
    private func type(_ mix: String, _ name: String, _ shape: [Int] = [512, 256], layers: Int = 32) throws -> String {
        let mix = try #require(QuantizationMix.all.first { $0.description == mix })
        return "\(mix.dtype(TensorRole(name, shape: shape), columns: shape.last ?? 1, layers: layers))"
    }

    @Test(arguments: [
        ("Q4_K_M", "blk.5.attn_q.weight", "Q4_K"), ("Q4_K_M", "output.weight", "Q6_K"),
        ("Q4_K_M", "token_embd.weight", "Q6_K"), ("Q5_K_M", "blk.0.ffn_down.weight", "Q6_K"),
        ("Q5_K_S", "blk.0.ffn_down.weight", "Q5_K"), ("Q4_K_S", "blk.3.attn_v.weight", "Q5_K"),
        ("Q4_K_S", "blk.4.attn_v.weight", "Q4_K"), ("Q8_0", "output.weight", "Q8_0"),
        ("MXFP4", "blk.0.ffn_up_exps.weight", "MXFP4"), ("Q4_0", "blk.0.ffn_gate_inp.weight", "F32"),
        ("F16", "blk.0.attn_k.weight", "F16"),
    ])
    func `A matrix's type is that of its role`(mix: String, name: String, wanted: String) throws {
        #expect(try type(mix, name) == wanted)
    }

    @Test func `The first and last eighth of the layers and every third between are wide`() throws {
        let wide = try (0..<32).filter { try type("Q4_K_M", "blk.\($0).ffn_down.weight") == "Q6_K" }
        #expect(wide == [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31])
    }

    @Test func `Vectors stay float32 in every mix`() throws {
        for mix in QuantizationMix.all {
            #expect(try type(mix.description, "blk.0.attn_norm.weight", [256]) == "F32")
            #expect(try type(mix.description, "blk.0.attn_q.bias", [256]) == "F32")
        }
    }

    @Test(arguments: [
        ("Q4_K_M", "blk.5.attn_q.weight", 96, "Q5_0"), ("Q5_K_M", "blk.5.attn_q.weight", 96, "Q5_1"),
        ("Q6_K", "blk.5.attn_q.weight", 96, "Q8_0"), ("IQ4_XS", "blk.5.attn_q.weight", 96, "IQ4_NL"),
        ("Q4_0", "blk.5.attn_q.weight", 40, "F16"), ("Q4_K_M", "blk.5.attn_q.weight", 40, "F16"),
    ])
    func `Rows that are no whole blocks get a type of smaller ones`(
        mix: String, name: String, columns: Int, wanted: String
    ) throws {
        #expect(try type(mix, name, [8, columns]) == wanted)
    }
}

package import LLMTensor

/// What `llmgen quantize --type` can ask for: which stored type a tensor gets, by its role in the model.
public struct QuantizationMix: Sendable, CustomStringConvertible {
    /// The layers whose most sensitive matrices are stored wider.
    enum WideLayers: Sendable {
        case none
        /// The first eighth.
        case first
        /// The first and the last eighth, and of those between every third.
        case spread

        func contains(_ layer: Int, of layers: Int) -> Bool {
            switch self {
            case .none: false
            case .first: layer < layers / 8
            case .spread: layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2
            }
        }
    }

    /// The name that options have, such as `Q4_K_M`.
    public let description: String
    /// The number that `general.file_type` has for it.
    let fileType: UInt32
    /// The type of most matrices.
    let base: String
    /// The type of the output head and of the token embedding.
    let ends: String
    /// The type of attn_v and ffn_down in `wideLayers`.
    let wide: String
    let wideLayers: WideLayers

    private init(
        _ name: String, _ fileType: UInt32, _ base: String, ends: String? = nil, wide: String? = nil,
        in wideLayers: WideLayers = .none
    ) {
        description = name
        self.fileType = fileType
        self.base = base
        self.ends = ends ?? base
        self.wide = wide ?? base
        self.wideLayers = wideLayers
    }

    /// Every mix, the widest first.
    public static let all = [
        QuantizationMix("F32", 0, "F32"),
        QuantizationMix("F16", 1, "F16"),
        QuantizationMix("BF16", 32, "BF16"),
        QuantizationMix("Q8_0", 7, "Q8_0"),
        QuantizationMix("Q6_K", 18, "Q6_K"),
        QuantizationMix("Q5_K_M", 17, "Q5_K", ends: "Q6_K", wide: "Q6_K", in: .spread),
        QuantizationMix("Q5_K_S", 16, "Q5_K", ends: "Q6_K"),
        QuantizationMix("Q4_K_M", 15, "Q4_K", ends: "Q6_K", wide: "Q6_K", in: .spread),
        QuantizationMix("Q4_K_S", 14, "Q4_K", ends: "Q6_K", wide: "Q5_K", in: .first),
        QuantizationMix("IQ4_NL", 25, "IQ4_NL", ends: "Q6_K", wide: "Q5_K", in: .first),
        QuantizationMix("IQ4_XS", 30, "IQ4_XS", ends: "Q6_K", wide: "Q5_K", in: .first),
        QuantizationMix("Q4_0", 2, "Q4_0", ends: "Q6_K"),
        QuantizationMix("MXFP4", 38, "MXFP4", ends: "Q8_0"),
    ]

    /// What a type of wide blocks becomes where rows are not whole blocks of it.
    private static let narrower = ["Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0", "IQ4_XS": "IQ4_NL"]

    /// The stored type of a tensor.
    ///
    /// - Parameters:
    ///   - columns: elements of its rows.
    ///   - layers: of the model.
    package func dtype(_ role: TensorRole, columns: Int, layers: Int) -> DType {
        guard role.isMatrix else { return .float32 }
        var name = base
        if role.isEnd { name = ends }
        if role.isSensitive, let layer = role.layer, wideLayers.contains(layer, of: layers) { name = wide }
        return QuantizationMix.fitting(name, columns: columns)
    }

    private static func fitting(_ name: String, columns: Int) -> DType {
        guard let dtype = DType(ggmlName: name) else { preconditionFailure("no stored type \(name)") }
        if columns % dtype.blockElements == 0 { return dtype }
        return narrower[name].map { fitting($0, columns: columns) } ?? .float16
    }
}

/// What a tensor is for, by its name in a GGUF file.
package struct TensorRole: Sendable {
    /// The name without the layer, such as `attn_v`; vectors of all kinds are `vectors`.
    let kind: String
    /// The layer; nil for what is not in one.
    let layer: Int?
    /// Whether it may be quantized: no vector and no router.
    let isMatrix: Bool
    /// Whether it is the output head or the token embedding.
    let isEnd: Bool
    /// Whether its errors harm more than those of other matrices.
    let isSensitive: Bool

    package init(_ name: String, shape: [Int]) {
        let parts = name.split(separator: ".").map(String.init)
        layer = parts.first == "blk" && parts.count > 2 ? Int(parts[1]) : nil
        let own = parts.dropFirst(layer == nil ? 0 : 2).first ?? name
        isMatrix =
            shape.count > 1 && parts.last == "weight" && !own.hasPrefix("ffn_gate_inp") && !own.hasSuffix("norm")
            && own != "position_embd"
        kind = isMatrix || shape.count > 1 ? own : "vectors"
        isEnd = own == "output" || own == "token_embd"
        isSensitive = ["attn_v", "ffn_down", "ffn_down_exps", "attn_qkv", "attn_kv_b"].contains(own)
    }
}

import CLLMKernels

/// How the weights of linear layers and embeddings are held, and the arithmetic that goes with it. It is part of what
/// fixes a model's output.
public enum LinearFormat: String, Sendable, CaseIterable {
    /// In the type they are stored in; float32 activations and sums.
    case stored
    /// bfloat16 weights and activations, float32 sums.
    case bfloat16
    /// 8 bits and a scale for each 32 weights, exactly the values of GGUF's Q8_0; int8 activations.
    case q8_0
    /// 4 bits and a scale for each 32 weights, exactly the values of GGUF's Q4_0; int8 activations.
    case q4_0
    /// 8 bits and a scale for each output feature; int8 activations with one scale a token.
    case w8a8

    /// The panels that weights of `dtype` are packed to.
    func packing(of dtype: DType) -> llm_packing {
        switch self {
        case .stored:
            switch dtype {
            case .float32: LLM_PANEL_F32
            case .float16: LLM_PANEL_F16
            case .bfloat16: LLM_PANEL_BF16
            }
        case .bfloat16: LLM_PANEL_BF16
        case .q8_0: LLM_PANEL_Q8
        case .q4_0: LLM_PANEL_Q4
        case .w8a8: LLM_PANEL_W8
        }
    }

    /// Most inputs that a linear layer may have: sums of W8's products are 32-bit integers.
    public var maxInputs: Int { self == .w8a8 ? 65_536 : .max }

    var arithmetic: llm_arithmetic {
        switch self {
        case .stored: LLM_ARITHMETIC_FLOAT32
        case .bfloat16: LLM_ARITHMETIC_BFLOAT16
        case .q8_0, .q4_0, .w8a8: LLM_ARITHMETIC_INT8
        }
    }

    /// What packed weights have added to them; the rows of activations undo it.
    var offset: Int32 {
        switch self {
        case .stored, .bfloat16: 0
        case .q8_0, .w8a8: 128
        case .q4_0: 8
        }
    }
}

extension DType {
    var kernelType: llm_dtype {
        switch self {
        case .float32: LLM_F32
        case .float16: LLM_F16
        case .bfloat16: LLM_BF16
        }
    }
}

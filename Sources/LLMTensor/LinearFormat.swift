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

    /// The packing of weights that are stored as `dtype`.
    func packing(of dtype: DType) -> Packing {
        switch self {
        case .stored:
            switch dtype {
            case .float32: .float32
            case .float16: .float16
            case .bfloat16: .bfloat16
            }
        case .bfloat16: .bfloat16
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        case .w8a8: .w8a8
        }
    }

    /// Most inputs that a linear layer may have: sums of W8's products are 32-bit integers.
    public var maxInputs: Int { self == .w8a8 ? 65_536 : .max }

    /// The arithmetic over weights of a packing.
    func arithmetic(of packing: Packing) -> llm_arithmetic {
        switch packing {
        case .float32, .float16: LLM_ARITHMETIC_FLOAT32
        case .bfloat16: self == .bfloat16 ? LLM_ARITHMETIC_BFLOAT16 : LLM_ARITHMETIC_FLOAT32
        case .q8_0, .q4_0, .w8a8: LLM_ARITHMETIC_INT8
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

import CLLMKernels

/// The arithmetic of a linear layer. It is part of what fixes a model's output.
public enum Arithmetic: String, Sendable, CaseIterable {
    /// float32 activations and sums over weights in their stored width.
    case float32
    /// bfloat16 weights and activations, float32 sums.
    case bfloat16
    /// Integer weights and activations of 8 bits or fewer with float32 scales.
    case int8

    init(_ arithmetic: llm_arithmetic) {
        self =
            switch arithmetic {
            case LLM_ARITHMETIC_BFLOAT16: .bfloat16
            case LLM_ARITHMETIC_INT8: .int8
            default: .float32
            }
    }

    var kernelArithmetic: llm_arithmetic {
        switch self {
        case .float32: LLM_ARITHMETIC_FLOAT32
        case .bfloat16: LLM_ARITHMETIC_BFLOAT16
        case .int8: LLM_ARITHMETIC_INT8
        }
    }
}

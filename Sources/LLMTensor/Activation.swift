import CLLMKernels

/// An activation function of a feed-forward block.
public enum Activation: Sendable, Hashable {
    /// `x / (1 + exp(-x))` (Elfwing et al. 2017).
    case silu
    /// `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, the usual approximation of GELU.
    case geluTanh
    /// `x / 2 (1 + erf(x / sqrt(2)))` (Hendrycks and Gimpel 2016).
    case gelu
    /// `max(x, 0)`.
    case relu
    /// `max(x, 0)^2` (So et al. 2021).
    case reluSquared
    /// `1 / (1 + exp(-x))`.
    case sigmoid

    var kernelType: llm_activation_function {
        switch self {
        case .silu: LLM_SILU
        case .geluTanh: LLM_GELU_TANH
        case .gelu: LLM_GELU
        case .relu: LLM_RELU
        case .reluSquared: LLM_RELU_SQUARED
        case .sigmoid: LLM_SIGMOID
        }
    }
}

import CLLMKernels

/// How the weights of a linear layer are packed: the panels of docs/kernels.md.
public enum Packing: String, Sendable, CaseIterable {
    /// float32.
    case float32
    /// float16.
    case float16
    /// bfloat16.
    case bfloat16
    /// 8 bits and a scale for each 32 weights, exactly the values of GGUF's Q8_0.
    case q8_0
    /// 4 bits and a scale for each 32 weights, exactly the values of GGUF's Q4_0.
    case q4_0
    /// 8 bits and a scale for each output feature.
    case w8a8

    var kernelPacking: llm_packing {
        switch self {
        case .float32: LLM_PANEL_F32
        case .float16: LLM_PANEL_F16
        case .bfloat16: LLM_PANEL_BF16
        case .q8_0: LLM_PANEL_Q8
        case .q4_0: LLM_PANEL_Q4
        case .w8a8: LLM_PANEL_W8
        }
    }

    /// Bytes of a panel for so many inputs.
    func panelByteCount(inputs: Int) -> Int { llm_panel_bytes(kernelPacking, inputs) }

    /// What packed weights have added to them; the rows of activations undo it.
    var offset: Int32 {
        switch self {
        case .float32, .float16, .bfloat16: 0
        case .q8_0, .w8a8: 128
        case .q4_0: 8
        }
    }

    /// The packing that holds the weights of all of `packings` without loss: theirs where they agree, else float32.
    static func common(_ packings: [Packing]) -> Packing {
        packings.dropFirst().allSatisfy { $0 == packings[0] } ? packings[0] : .float32
    }
}

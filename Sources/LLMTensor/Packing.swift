import CLLMKernels

/// How the weights of a linear layer are packed in panels (docs/kernels.md): a row of the kernels' table of packings.
public struct Packing: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    private let kernelIndex: UInt32

    /// float32.
    public static let float32 = Packing(LLM_PANEL_F32)
    /// float16.
    public static let float16 = Packing(LLM_PANEL_F16)
    /// bfloat16.
    public static let bfloat16 = Packing(LLM_PANEL_BF16)
    /// 8 bits and a scale for each 32 weights, exactly the values of GGUF's Q8_0.
    public static let q8_0 = Packing(LLM_PANEL_Q8)
    /// 4 bits and a scale for each 32 weights, exactly the values of GGUF's Q4_0.
    public static let q4_0 = Packing(LLM_PANEL_Q4)
    /// 8 bits and a scale for each output feature; activations with one scale a token.
    public static let w8a8 = Packing(LLM_PANEL_W8)

    /// Every packing.
    public static let allCases: [Packing] = {
        var count = 0
        _ = llm_panel_kinds(&count)
        return (0..<UInt32(count)).map { Packing(llm_packing($0)) }
    }()

    init(_ packing: llm_packing) { kernelIndex = packing.rawValue }

    private var kind: llm_panel_kind {
        var count = 0
        return llm_panel_kinds(&count)[Int(kernelIndex)]
    }

    var kernelPacking: llm_packing { llm_packing(kernelIndex) }

    /// Bytes of a panel for so many inputs.
    func panelByteCount(inputs: Int) -> Int { llm_panel_bytes(kernelPacking, inputs) }

    /// Whether weights are integers with scales.
    public var isInteger: Bool { kind.group != 0 }

    /// Inputs that share a scale, and that an offset of activations covers.
    var group: Int { kind.group }

    /// Inputs that rows are whole blocks of, where weights are packed as they are stored.
    var granule: Int { kind.granule }

    /// What the offsets of activations undo; -1 where they are sums.
    var offset: Int32 { withUnsafePointer(to: kind) { llm_weight_offset($0) } }

    /// Most inputs that a linear layer may have: sums of products are 32-bit integers.
    public var maxInputs: Int { kind.max_inputs == Int(LLM_ANY_INPUTS) ? .max : kind.max_inputs }

    /// The arithmetic over these weights, of bfloat16 ones where no other is asked for.
    var arithmetic: Arithmetic { Arithmetic(kind.arithmetic) }

    /// The name that options and reports have, such as `q8_0`.
    public var description: String { String(cString: kind.name) }
}

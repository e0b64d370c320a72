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

    /// Whether a scale covers a whole row, of weights and of activations.
    var hasWholeRows: Bool { kind.group == Int(LLM_WHOLE_ROW) }

    /// What packed weights have added to them; the rows of activations undo it.
    var offset: Int32 { kind.offset }

    /// Most inputs that a linear layer may have: sums of products are 32-bit integers.
    public var maxInputs: Int { kind.max_inputs == Int(LLM_ANY_INPUTS) ? .max : kind.max_inputs }

    /// The arithmetic over these weights, of bfloat16 ones where no other is asked for.
    var arithmetic: Arithmetic { Arithmetic(kind.arithmetic) }

    /// The nearest packing that holds without loss what each of `packings` holds of weights stored so: integers of a group
    /// fit the one with the most bits, and everything fits float32.
    static func common(_ packings: [Packing]) -> Packing {
        if packings.allSatisfy({ $0 == packings[0] }) { return packings[0] }
        guard packings.allSatisfy({ $0.isInteger && !$0.hasWholeRows }) else { return .float32 }
        return packings.max { $0.kind.bits < $1.kind.bits } ?? .float32
    }

    /// The name that options and reports have, such as `q8_0`.
    public var description: String { String(cString: kind.name) }
}

import CLLMKernels

/// Instruction sets the kernels have variants for, plainest first. A level includes the ones it builds on.
///
/// The level never changes a result, only how fast it comes (law 1 of the design).
public enum CPUFeatures: String, Sendable, CaseIterable {
    /// Plain C, the definition of every kernel.
    case scalar
    /// AVX2 with FMA and F16C.
    case avx2
    /// AVX-512 F, BW, DQ and VL.
    case avx512

    /// The best level that this machine has.
    public static var best: CPUFeatures { allCases.last { $0.isAvailable } ?? .scalar }

    /// Whether this machine has the level.
    public var isAvailable: Bool { mask & ~llm_cpu_features() == 0 }

    /// The bits of `llm_cpu_features` that the level allows.
    var mask: UInt32 {
        switch self {
        case .scalar: 0
        case .avx2: UInt32(LLM_CPU_AVX2)
        case .avx512: UInt32(LLM_CPU_AVX2 | LLM_CPU_AVX512)
        }
    }
}

import CLLMKernels

/// Instruction sets the kernels have variants for, plainest first. A level includes the ones it builds on.
///
/// The level never changes a result, only how fast it comes (law 1 of the design).
public enum CPUFeatures: String, Sendable, CaseIterable {
    /// Plain C, the definition of every kernel.
    case scalar
    /// AVX2 with FMA and F16C.
    case avx2
    /// AVX2 with the 256-bit dot product of bytes (AVX-VNNI).
    case avx2vnni
    /// AVX-512 F, BW, DQ and VL.
    case avx512
    /// AVX-512 with the dot product of bytes (VNNI).
    case avx512vnni
    /// AVX-512 with VNNI and the dot product of bfloat16 pairs.
    case avx512bf16
    /// Advanced SIMD of AArch64.
    case neon
    /// Advanced SIMD with the dot product of signed bytes.
    case neondot
    /// Advanced SIMD with the mixed-sign dot product of bytes and bfloat16.
    case neoni8mm

    /// The best level that this machine has.
    public static var best: CPUFeatures { allCases.last { $0.isAvailable } ?? .scalar }

    /// Whether this machine has the level.
    public var isAvailable: Bool { mask & ~llm_cpu_features() == 0 }

    /// The bits of `llm_cpu_features` that the level allows.
    package var mask: UInt32 {
        switch self {
        case .scalar: 0
        case .avx2: UInt32(LLM_CPU_AVX2)
        case .avx2vnni: CPUFeatures.avx2.mask | UInt32(LLM_CPU_AVX_VNNI)
        case .avx512: CPUFeatures.avx2.mask | UInt32(LLM_CPU_AVX512)
        case .avx512vnni: CPUFeatures.avx512.mask | UInt32(LLM_CPU_AVX512_VNNI)
        case .avx512bf16: CPUFeatures.avx512vnni.mask | UInt32(LLM_CPU_AVX512_BF16)
        case .neon: UInt32(LLM_CPU_NEON)
        case .neondot: CPUFeatures.neon.mask | UInt32(LLM_CPU_DOTPROD)
        case .neoni8mm: CPUFeatures.neondot.mask | UInt32(LLM_CPU_I8MM | LLM_CPU_ARM_BF16)
        }
    }
}

import CLLMKernels

/// The kernels chosen for a CPU level: of each table, the last variant whose features the level allows.
struct Kernels: Sendable {
    let linear: @Sendable (DType) -> llm_linear_fn
    let rmsNorm: llm_rms_norm_fn
    let rope: llm_rope_fn
    let siluMultiply: llm_silu_multiply_fn
    let attention: llm_attention_fn

    init(_ level: CPUFeatures) {
        let mask = level.mask
        func pick<Variant, Function>(
            _ table: (UnsafeMutablePointer<Int>) -> UnsafePointer<Variant>?, _ features: KeyPath<Variant, UInt32>,
            _ function: KeyPath<Variant, Function?>
        ) -> Function {
            var count = 0
            let variants = UnsafeBufferPointer(start: table(&count), count: count)
            let chosen = variants.last { $0[keyPath: features] & ~mask == 0 }
            guard let chosen, let function = chosen[keyPath: function] else {
                preconditionFailure("a kernel table without a plain variant")
            }
            return function
        }
        func pickLinear(_ dtype: DType) -> llm_linear_fn {
            pick({ llm_linear_variants(dtype.kernelType, $0) }, \.features, \.function)
        }
        let (float32, float16, bfloat16) = (pickLinear(.float32), pickLinear(.float16), pickLinear(.bfloat16))
        linear = { dtype in
            switch dtype {
            case .float32: float32
            case .float16: float16
            case .bfloat16: bfloat16
            }
        }
        rmsNorm = pick(llm_rms_norm_variants, \.features, \.function)
        rope = pick(llm_rope_variants, \.features, \.function)
        siluMultiply = pick(llm_silu_multiply_variants, \.features, \.function)
        attention = pick(llm_attention_variants, \.features, \.function)
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

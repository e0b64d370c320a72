import CLLMKernels

/// The kernels chosen for a CPU level: of each table, the last variant whose features the level allows.
struct Kernels: Sendable {
    /// A linear kernel and the activations that it takes.
    struct Linear: Sendable {
        let function: llm_linear_fn
        let arithmetic: Arithmetic
        let activation: llm_activation
    }

    let pack: llm_pack_fn
    let encode: llm_encode_fn
    let fit: llm_fit_fn
    let rmsNorm: llm_rms_norm_fn
    let layerNorm: llm_layer_norm_fn
    let rope: llm_rope_fn
    let activate: llm_activate_fn
    let softmax: llm_softmax_fn
    let softcap: llm_softcap_fn
    let attention: llm_attention_fn
    let shortConvolution: llm_short_convolution_fn
    let mamba2Scan: llm_mamba2_scan_fn
    private let linear: [LinearKey: Linear]

    private struct LinearKey: Hashable {
        let packing: Packing
        let arithmetic: Arithmetic
    }

    init(_ level: CPUFeatures) {
        let mask = level.mask
        func variants<Variant>(_ table: (UnsafeMutablePointer<Int>) -> UnsafePointer<Variant>?)
            -> UnsafeBufferPointer<Variant>
        {
            var count = 0
            let start = table(&count)
            return UnsafeBufferPointer(start: start, count: count)
        }
        func pick<Variant, Function>(
            _ table: (UnsafeMutablePointer<Int>) -> UnsafePointer<Variant>?, _ features: KeyPath<Variant, UInt32>,
            _ function: KeyPath<Variant, Function?>
        ) -> Function {
            let chosen = variants(table).last { $0[keyPath: features] & ~mask == 0 }
            guard let chosen, let function = chosen[keyPath: function] else {
                preconditionFailure("a kernel table without a plain variant")
            }
            return function
        }
        pack = pick(llm_pack_variants, \.features, \.function)
        encode = pick(llm_encode_variants, \.features, \.function)
        fit = pick(llm_fit_variants, \.features, \.function)
        rmsNorm = pick(llm_rms_norm_variants, \.features, \.function)
        rope = pick(llm_rope_variants, \.features, \.function)
        layerNorm = pick(llm_layer_norm_variants, \.features, \.function)
        activate = pick(llm_activate_variants, \.features, \.function)
        softmax = pick(llm_softmax_variants, \.features, \.function)
        softcap = pick(llm_softcap_variants, \.features, \.function)
        attention = pick(llm_attention_variants, \.features, \.function)
        shortConvolution = pick(llm_short_convolution_variants, \.features, \.function)
        mamba2Scan = pick(llm_mamba2_scan_variants, \.features, \.function)
        var linear: [LinearKey: Linear] = [:]
        for packing in Packing.allCases {
            for arithmetic in Arithmetic.allCases {
                let chosen = variants {
                    llm_linear_variants(packing.kernelPacking, arithmetic.kernelArithmetic, $0)
                }.last { $0.features & ~mask == 0 }
                guard let chosen, let function = chosen.function else { continue }
                linear[LinearKey(packing: packing, arithmetic: arithmetic)] = Linear(
                    function: function, arithmetic: arithmetic, activation: chosen.activation)
            }
        }
        self.linear = linear
    }

    func linear(_ packing: Packing, _ arithmetic: Arithmetic) -> Linear {
        guard let kernel = linear[LinearKey(packing: packing, arithmetic: arithmetic)] else {
            preconditionFailure("no kernel for these weights under this arithmetic")
        }
        return kernel
    }
}

import CLLMKernels

/// Float32 values to stored blocks: the kernel that fits them.
struct BlockEncoder: Sendable {
    /// The types that can be written.
    static let types: [DType] = DType.allCases.filter { llm_can_encode($0.kernelType) }

    private let dtype: DType
    private let fit: llm_fit_fn

    /// nil for a type that cannot be written.
    init?(_ dtype: DType, _ kernels: Kernels) {
        guard llm_can_encode(dtype.kernelType) else { return nil }
        self.dtype = dtype
        fit = kernels.fit
    }

    /// Encodes `count` values, whole blocks of them.
    ///
    /// - Parameter importance: how much the error of each value counts; nil for the same.
    func encode(
        _ values: UnsafePointer<Float>, importance: UnsafePointer<Float>?, count: Int,
        to blocks: UnsafeMutableRawPointer
    ) {
        let bytes = blocks.assumingMemoryBound(to: UInt8.self)
        llm_encode_blocks(fit, dtype.kernelType, values, importance, count / dtype.blockElements, bytes)
    }

    /// Rounds `count` values, whole blocks of them, weight after weight; see `llm_round_blocks`.
    func round(
        _ values: UnsafeMutablePointer<Float>, _ arguments: llm_round_args, count: Int,
        to blocks: UnsafeMutableRawPointer, errors: UnsafeMutablePointer<Float>
    ) {
        let bytes = blocks.assumingMemoryBound(to: UInt8.self)
        withUnsafePointer(to: arguments) {
            llm_round_blocks(fit, dtype.kernelType, $0, values, count / dtype.blockElements, bytes, errors)
        }
    }
}

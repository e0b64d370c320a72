import CLLMKernelHarness
import CLLMKernels
import Foundation
import Testing

/// The harness's checks (`Sources/CLLMKernelHarness`) over every kernel there is.
///
/// `LLMGEN_KERNEL_CASES` sets how many random cases a kernel gets, `LLMGEN_KERNEL_SEED` the seed of the first.
@Suite struct KernelTests {
    static let kernels = (0..<llm_kernel_count()).map { String(cString: llm_kernel_name($0)) }

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test(arguments: kernels)
    func `Every variant gives the plain one's bits, and that one what it states`(kernel: String) throws {
        let index = try #require(KernelTests.kernels.firstIndex(of: kernel))
        let first = KernelTests.setting("LLMGEN_KERNEL_SEED") ?? 1
        for seed in first..<first + (KernelTests.setting("LLMGEN_KERNEL_CASES") ?? 140) {
            var message = [CChar](repeating: 0, count: Int(LLM_CHECK_MESSAGE))
            let agrees = llm_kernel_check(index, seed, llm_cpu_features(), &message)
            try #require(agrees, "\(String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))")
        }
    }

    @Test(arguments: kernels)
    func `A table begins with a plain variant that needs no feature, and only that one needs none`(
        kernel: String
    ) throws {
        let index = try #require(KernelTests.kernels.firstIndex(of: kernel))
        var variant = llm_kernel_variant()
        var features: [UInt32] = []
        while llm_kernel_variant_at(index, features.count, &variant) { features.append(variant.features) }
        #expect(features.first == 0 && features.count { $0 == 0 } == 1)
    }

    @Test(arguments: [LLM_LIMIT_INT8, LLM_LIMIT_INT4, LLM_LIMIT_BFLOAT16, LLM_LIMIT_FLOAT32])
    func `A limit's table begins with a loop that needs no feature`(limit: llm_limit) throws {
        var count = 0
        let first = try #require(llm_multiply_add_variants(limit, &count)).pointee
        #expect(count > 0 && first.features == 0 && first.operations > 0)
    }
}

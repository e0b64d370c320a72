import CLLMKernelHarness
import CLLMKernels
import LLMTestSupport
import Testing

/// The definition of every kernel, its plain variant, gives the bits that it gave when they were recorded, on any CPU.
@Suite struct KernelDigestTests {
    private static let recorded = RecordedDigests("kernels")

    @Test(arguments: KernelTests.kernels)
    func `A kernel's results are the recorded ones`(kernel: String) throws {
        let index = try #require(KernelTests.kernels.firstIndex(of: kernel))
        var digest = Digest()
        for seed in 1...UInt64(70) { digest.add(llm_kernel_digest(index, seed)) }
        #expect(try KernelDigestTests.recorded.recorded(kernel, digest) == "\(digest)")
    }
}

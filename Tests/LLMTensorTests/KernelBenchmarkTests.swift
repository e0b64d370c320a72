import CLLMKernelHarness
import LLMTensor
import Testing

@Suite struct KernelBenchmarkTests {
    @Test func `What the harness checks is timed, under the same name, but packing and a gate that is fused elsewhere`()
    {
        let checked = Set((0..<llm_kernel_count()).map { String(cString: llm_kernel_name($0)) })
        #expect(checked.subtracting(KernelBenchmark.kernels) == ["pack", "silu_multiply"])
        #expect(checked.isSuperset(of: KernelBenchmark.kernels))
    }
}

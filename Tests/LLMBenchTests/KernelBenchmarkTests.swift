import CLLMKernelHarness
import LLMBench
import LLMGen
import Testing

@Suite struct KernelBenchmarkTests {
    private func result(ofLimit: Double) -> KernelBenchmark.Result {
        KernelBenchmark.Result(
            kernel: "linear_q8", shape: "down 2048x8192", rows: 8, seconds: 0.001, operations: 2.7e8,
            byteCount: 17_825_792, bound: .operations(.int8), boundSeconds: 0.001 * ofLimit, ofLimit: ofLimit)
    }

    @Test func `A kernel at its limit is right, and one beyond noise over it shows a wrong limit`() throws {
        try result(ofLimit: 1.03).check()
        let error = #expect(throws: LLMGenError.self) { try result(ofLimit: 1.04).check() }
        #expect(error?.code == .failed)
        for word in ["linear_q8", "down 2048x8192", "rows 8", "1000000 ns", "104 %", "int8"] {
            #expect(error?.message.contains(word) == true, "\(word)")
        }
    }

    /// Packing happens once; the others take a small part of a step, or are a form of one that is timed.
    private static let untimed: Set = [
        "pack", "pack_stored", "silu_multiply", "activate", "layer_norm", "softmax", "softcap", "rope_interleaved",
        "attention_window", "attention_chunks", "attention_ahead", "attention_scores", "attention_slopes",
        "attention_biases", "attention_latent", "encode_16", "fit", "short_convolution", "sigmoid",
    ]

    @Test func `What the harness checks is timed, under the same name, but for what is listed`() {
        let checked = Set((0..<llm_kernel_count()).map { String(cString: llm_kernel_name($0)) })
        #expect(checked.subtracting(KernelBenchmark.kernels) == KernelBenchmarkTests.untimed)
        #expect(checked.isSuperset(of: KernelBenchmark.kernels))
    }

    @Test func `The machine's limits are measured in bytes and operations a second`() throws {
        let limits = MachineLimits(try KernelBenchmark(threads: 2).compute)
        #expect(limits.readBytesPerSecond(over: 32 << 20, runs: 3) > 1e8)
        for kind in MultiplyAdd.allCases { #expect(limits.operationsPerSecond(kind, runs: 3) > 1e8, "\(kind)") }
    }
}

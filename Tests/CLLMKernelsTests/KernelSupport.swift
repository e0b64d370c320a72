import CLLMKernels
import LLMTestSupport

extension SeededGenerator {
    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in float(in: range) }
    }
}

extension llm_attention_variant {
    var isAvailable: Bool { features & ~llm_cpu_features() == 0 }
}

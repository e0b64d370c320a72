import LLMModels
import LLMTensor
import LLMTestSupport
import Testing

/// Law 1 for every architecture: a row's logits are the same bits whatever else is in the batch.
@Suite struct InvarianceTests {
    static let architectures = Architectures.all.filter { !$0.isEncoder }.map(\.name)

    /// What fixes the bits.
    struct Arithmetic: Sendable, CustomTestStringConvertible {
        let format: LinearFormat
        let dtype: KVCacheDtype

        var testDescription: String { "\(format) over \(dtype.rawValue) pages" }
    }

    static let arithmetics = LinearFormat.allCases.flatMap { format in
        KVCacheDtype.allCases.map { Arithmetic(format: format, dtype: $0) }
    }

    /// Unoptimized code, under a sanitizer most of all, gets a third of the length.
    private func prompts(_ lengths: [Int]) -> [[Int32]] {
        #if DEBUG
            let lengths = lengths.map { ($0 + 2) / 3 }
        #endif
        var random = SeededGenerator(seed: 9)
        return lengths.map { length in (0..<length).map { _ in Int32.random(in: 0..<97, using: &random) } }
    }

    private func config(_ architecture: String) throws -> String {
        try #require(Architectures.all.first { $0.name == architecture }).tinyConfig
    }

    @Test(arguments: architectures, arithmetics)
    func `Logits are the same bits alone, together, in chunks and with any block size`(
        architecture: String, arithmetic: Arithmetic
    ) throws {
        let driver = try ModelDriver(config: config(architecture), format: arithmetic.format)
        func logits(_ prompts: [[Int32]], chunk: Int = .max, blockSize: Int = 16) -> [[[Float]]] {
            driver.logits(prompts, chunk: chunk, blockSize: blockSize, kvCacheDtype: arithmetic.dtype)
        }
        let prompts = prompts([1, 50, 7, 160, 33])
        let alone = prompts.map { logits([$0])[0] }
        #expect(alone.joined().joined().allSatisfy { $0.isFinite })
        #expect(logits(prompts) == alone)
        for chunk in [1, 7, 16, 64] { #expect(logits(prompts, chunk: chunk) == alone, "chunks of \(chunk)") }
        for blockSize in [32, 64, 128] { #expect(logits(prompts, chunk: 19, blockSize: blockSize) == alone) }
    }

    @Test(arguments: architectures, arithmetics)
    func `Logits are the same bits with any number of threads and any instruction set`(
        architecture: String, arithmetic: Arithmetic
    ) throws {
        let config = try config(architecture)
        let prompts = prompts([40, 3, 21])
        let wanted = try ModelDriver(
            config: config, format: arithmetic.format, compute: Compute(features: .scalar, threads: 1)
        )
        .logits(prompts, kvCacheDtype: arithmetic.dtype)
        for threads in [1, 2, 3] {
            for features in CPUFeatures.allCases where features.isAvailable {
                let compute = Compute(features: features, threads: threads)
                let driver = try ModelDriver(config: config, format: arithmetic.format, compute: compute)
                #expect(driver.logits(prompts, kvCacheDtype: arithmetic.dtype) == wanted)
            }
        }
    }
}

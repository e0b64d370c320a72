import LLMScheduling
import Testing

@Suite struct SchedulerOptionsTests {
    private static let good = ["block-size": 16, "kv-blocks": 8, "max-num-seqs": 4, "max-num-batched-tokens": 64]

    private func make(_ field: String, _ value: Int) throws(SchedulerOptionError) -> SchedulerOptions {
        let values = Self.good.merging([field: value]) { $1 }
        return try SchedulerOptions(
            blockSize: values["block-size"] ?? 16, blockCount: values["kv-blocks"] ?? 8,
            maxNumSeqs: values["max-num-seqs"] ?? 4, maxNumBatchedTokens: values["max-num-batched-tokens"] ?? 64,
            maxModelLength: values["max-model-len"] ?? 128)
    }

    @Test(arguments: [16, 32, 64, 128])
    func `a block holds 16, 32, 64 or 128 tokens`(blockSize: Int) throws {
        #expect(try make("block-size", blockSize).blockSize == blockSize)
    }

    @Test(arguments: [
        ("block-size", 24, "block-size is 24; it must be one of 16, 32, 64, 128"),
        ("block-size", 0, "block-size is 0; it must be one of 16, 32, 64, 128"),
        ("kv-blocks", 0, "kv-blocks is 0; it must be from 1 to 2147483647"),
        ("kv-blocks", 1 << 31, "kv-blocks is 2147483648; it must be from 1 to 2147483647"),
        ("max-num-seqs", 0, "max-num-seqs is 0; it must be from 1 to 2147483647"),
        ("max-num-batched-tokens", -1, "max-num-batched-tokens is -1; it must be from 1 to 2147483647"),
        ("max-model-len", 1, "max-model-len is 1; it must be from 2 to 2147483647"),
    ])
    func `a value out of range is refused by name, value and range`(field: String, value: Int, message: String) {
        let error = #expect(throws: SchedulerOptionError.self) { try make(field, value) }
        #expect(error?.message == message)
    }

    @Test func `a sequence is as long as the model or the pool allows, whichever is less`() throws {
        #expect(try makeOptions(blockSize: 16, blocks: 4, length: 100).maxSequenceLength == 64)
        #expect(try makeOptions(blockSize: 16, blocks: 4, length: 50).maxSequenceLength == 50)
    }
}

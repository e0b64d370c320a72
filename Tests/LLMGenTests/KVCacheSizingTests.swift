import LLMGen
import LLMTensor
import Testing

@Suite struct KVCacheSizingTests {
    /// The sizing with blocks of 64 KiB, on a machine or in a container with 8 GiB.
    private func sizing(
        _ options: EngineOptions = EngineOptions(), maxLength: Int = 1024, available: Int, isContainer: Bool = false
    ) throws(LLMGenError) -> KVCacheSizing {
        let limit = MemoryLimit(total: 8 << 30, available: available, isContainer: isContainer)
        return try KVCacheSizing(options, [.init(blockBytes: 1 << 16)], maxLength: maxLength, limit: limit)
    }

    @Test func `Unless given, the cache has room for all sequences at full length`() throws {
        let sizing = try sizing(EngineOptions(maxNumSeqs: 10), maxLength: 1000, available: 1 << 30)
        #expect(sizing.blockCount == 320)
        #expect(sizing.memory == .mebibytes(20))
        #expect(sizing.bound == .sequences(10, tokens: 1000))
        #expect(sizing.unreachedLength == nil)
        #expect(sizing.description == "20.0 MiB, room for 10 sequences of 1000 tokens")
    }

    @Test func `It takes at most half of the memory that is left`() throws {
        let sizing = try sizing(available: 100 << 20, isContainer: true)
        #expect(sizing.blockCount == 800)
        #expect(sizing.bound == .memory(available: .mebibytes(100), isContainer: true))
        #expect(sizing.description == "50.0 MiB, half of the 100.0 MiB this container has left")
    }

    @Test(arguments: [(1280, false), (1281, false), (1279, true)])
    func `Half of what is left counts to the block`(blocks: Int, isBound: Bool) throws {
        let sizing = try sizing(EngineOptions(maxNumSeqs: 20), available: blocks << 16)
        #expect(sizing.blockCount == (isBound ? 639 : 640))
        #expect((sizing.bound == .sequences(20, tokens: 1024)) == !isBound)
    }

    @Test func `Less than one sequence starts and is told`() throws {
        let sizing = try sizing(available: 62 << 16)
        #expect(sizing.blockCount == 31 && sizing.unreachedLength == 1024)
        #expect(
            sizing.description
                == "1.9 MiB, half of the 3.9 MiB this machine has left, less than one sequence of 1024 tokens")
        #expect(try self.sizing(available: 64 << 16).unreachedLength == nil)
    }

    @Test func `There is always a block, or an error where not even one fits`() throws {
        #expect(try sizing(available: 1 << 16).blockCount == 1)
        let error = try #require(throws: LLMGenError.self) { try sizing(available: (1 << 16) - 1, isContainer: true) }
        #expect(error.code == .invalidArgument)
        for words in ["64.0 KiB", "this container has 64.0 KiB left of 8.0 GiB"] {
            #expect(error.message.contains(words), "\(error)")
        }
    }

    @Test func `What is given is taken, up to what is left`() throws {
        for options in [EngineOptions(kvBlocks: 48), EngineOptions(kvCacheMemory: .mebibytes(3))] {
            let sizing = try sizing(options, available: 3 << 20)
            #expect(sizing.blockCount == 48 && sizing.bound == .given && sizing.unreachedLength == nil)
            #expect(sizing.description == "3.0 MiB")
            let error = try #require(throws: LLMGenError.self) { try self.sizing(options, available: (3 << 20) - 1) }
            #expect(error.message.contains("this machine has 3.0 MiB left of 8.0 GiB"), "\(error)")
        }
    }

    @Test func `An amount is rounded down to whole blocks`() throws {
        #expect(try sizing(EngineOptions(kvCacheMemory: ByteCount(bytes: 200_000)), available: 1 << 30).blockCount == 3)
    }

    @Test func `Blocks stay within what a scheduler can number`() throws {
        let options = EngineOptions(maxNumSeqs: Int(Int32.max))
        #expect(try sizing(options, available: 1 << 62).blockCount == Int(Int32.max))
    }

    // MARK: States

    private static let block = KVCacheSizing.GroupCost(blockBytes: 1 << 16)

    /// The sizing of a model whose states take 1 MiB a sequence, of 1024 tokens at most.
    private func sizing(
        _ groups: [KVCacheSizing.GroupCost], seqs: Int, options: EngineOptions = EngineOptions(), available: Int
    ) throws(LLMGenError) -> KVCacheSizing {
        var options = options
        options.maxNumSeqs = seqs
        let limit = MemoryLimit(total: 8 << 30, available: available, isContainer: false)
        return try KVCacheSizing(options, groups, stateBytes: 1 << 20, maxLength: 1024, limit: limit)
    }

    @Test func `Each sequence has a slot for its states and four for snapshots, where there is memory`() throws {
        let both = try sizing([Self.block], seqs: 4, available: 1 << 30)
        #expect(both.stateSlots == 20 && both.blockCount == 128 && both.bound == .sequences(4, tokens: 1024))
        #expect(both.memory == .mebibytes(28))
        let alone = try sizing([], seqs: 4, available: 1 << 30)
        #expect(alone.stateSlots == 20 && alone.blockCount == 0 && alone.memory == .mebibytes(20))
        #expect(alone.unreachedLength == nil)
        var uncached = EngineOptions()
        uncached.prefixCaching = false
        #expect(try sizing([], seqs: 4, options: uncached, available: 1 << 30).stateSlots == 4)
    }

    @Test func `Of too little memory, sequences' states take half, snapshots a quarter and blocks the rest`() throws {
        // Of 32 MiB, one block apart.
        let both = try sizing([Self.block], seqs: 128, available: 64 << 20)
        #expect(both.stateSlots == 15 + 7 && both.blockCount == 160 && both.memory == .mebibytes(32))
        #expect(both.bound == .memory(available: .mebibytes(64), isContainer: false))
        #expect(try sizing([], seqs: 128, available: 64 << 20).stateSlots == 24 + 8)
        let given = EngineOptions(kvCacheMemory: .mebibytes(32))
        #expect(try sizing([Self.block], seqs: 128, options: given, available: 64 << 20).stateSlots == 15 + 7)
        let blocks = EngineOptions(kvBlocks: 64)
        #expect(try sizing([Self.block], seqs: 128, options: blocks, available: 68 << 20).stateSlots == 16 + 8)
    }

    @Test func `There is a slot at least, or an error; a model without attention has no blocks to give`() throws {
        #expect(try sizing([Self.block], seqs: 1, available: (1 << 20) + (1 << 16)).stateSlots == 1)
        #expect(throws: LLMGenError.self) { try sizing([Self.block], seqs: 1, available: 1 << 20) }
        let little = try #require(throws: LLMGenError.self) {
            try sizing([Self.block], seqs: 1, options: EngineOptions(kvCacheMemory: .mebibytes(1)), available: 1 << 30)
        }
        #expect(
            little.message.contains("one block of 32 tokens and a sequence's states; give at least 1.1 MiB"),
            "\(little)")
        let blocks = try #require(throws: LLMGenError.self) {
            try sizing([], seqs: 1, options: EngineOptions(kvBlocks: 5), available: 1 << 30)
        }
        #expect(blocks.message.contains("kv-blocks"))
    }
}

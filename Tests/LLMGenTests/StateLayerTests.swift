import LLMGen
import LLMTestSupport
import Testing

/// Models with recurrent layers: whoever holds the slots of their states, and wherever a sequence begins, the same tokens.
@Suite struct StateLayerTests {
    /// With convolutions, Mamba-2 layers and the gated delta rule beside attention, and with Mamba-2 layers alone.
    private static let models = ["lfm2", "granite-hybrid", "qwen3-next", "mamba2"]

    private func load(_ name: String) async throws -> LanguageModel {
        let folder = Paths.fixtures.appending(path: "models/\(name)")
        return try await LanguageModel.load(folder.path, LoadOptions(computeDtype: .float32))
    }

    private func engine(_ model: LanguageModel, slots: Int? = nil, caches: Bool = true, budget: Int = 512) throws
        -> Engine
    {
        var options = EngineOptions(blockSize: 16, maxNumBatchedTokens: budget)
        options.stateSlots = slots
        options.prefixCaching = caches
        return try Engine(model: model, options: options)
    }

    private func tokens(_ count: Int, seed: UInt64 = 1) -> [TokenID] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in TokenID.random(in: 3..<90, using: &generator) }
    }

    private func greedy(_ maxTokens: Int) throws -> SamplingParameters {
        try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: maxTokens, logprobs: 2)
    }

    @Test(arguments: models) func `Samples have the same tokens with slots for all and with two`(name: String)
        async throws
    {
        let model = try await load(name)
        let parameters = try SamplingParameters(n: 4, seed: 5, ignoreEOS: true, maxTokens: 40)
        let roomy = try engine(model)
        let prompt = Prompt.tokenIDs(tokens(37))
        let wanted = try await roomy.generate([prompt], parameters)[0].outputs
        let tight = try engine(model, slots: 2, budget: 7)
        let outputs = try await tight.generate([prompt, .tokenIDs(tokens(20, seed: 2))], parameters)[0].outputs
        #expect(outputs.map(\.tokenIDs) == wanted.map(\.tokenIDs))
        await tight.settle()
        #expect(tight.metrics.preemptions > 0 && tight.metrics.usedStateSlots == 0)
        for sample in wanted {
            let alone = try SamplingParameters(seed: sample.seed, ignoreEOS: true, maxTokens: 40)
            #expect(try await tight.generate([prompt], alone)[0].tokenIDs == sample.tokenIDs)
        }
    }

    @Test(arguments: models) func `Beams are the same with slots for all and with as few as they need`(
        name: String
    ) async throws {
        let model = try await load(name)
        let parameters = try BeamSearchParameters(beamWidth: 3, maxTokens: 24, ignoreEOS: true)
        let prompt = Prompt.tokenIDs(tokens(37))
        let wanted = try await engine(model, caches: false).beamSearch(prompt, parameters)
        let tight = try engine(model, slots: 6, budget: 9)
        async let others = tight.generate([.tokenIDs(tokens(50, seed: 2)), .tokenIDs(tokens(5, seed: 3))], greedy(30))
        let output = try await tight.beamSearch(prompt, parameters)
        #expect(output.beams.map(\.tokenIDs) == wanted.beams.map(\.tokenIDs))
        #expect(output.beams.map(\.cumulativeLogprob) == wanted.beams.map(\.cumulativeLogprob))
        _ = try await others
    }

    @Test(arguments: models) func `What begins with a snapshot goes on as if computed from the beginning`(
        name: String
    ) async throws {
        let model = try await load(name)
        let (caching, computing) = (try engine(model), try engine(model, caches: false, budget: 48))
        let system = tokens(100)
        var chat = system + tokens(21, seed: 2)
        // The second prompt that begins with the same 100 tokens leaves the states there, the third begins with them; and
        // each turn of a chat begins after the answer before.
        var prompts = [system + tokens(30, seed: 3), system + tokens(50, seed: 4), chat]
        var found: [Int] = []
        for turn in 0..<6 {
            let prompt = Prompt.tokenIDs(prompts[turn])
            let output = try await caching.generate([prompt], greedy(25))[0]
            let wanted = try await computing.generate([prompt], greedy(25))[0]
            #expect(output.tokenIDs == wanted.tokenIDs && output.logprobs == wanted.logprobs, "turn \(turn)")
            found.append(output.usage.cachedTokens)
            chat = prompts[turn] + output.tokenIDs + tokens(10, seed: UInt64(turn) + 10)
            if turn >= 2 { prompts.append(chat) }
        }
        // 121 tokens and 24 of the answer are computed, then 156 and 24, then 191 and 24.
        #expect(found == [0, 0, 96, 144, 176, 208])
        await caching.settle()
        #expect(caching.metrics.stateSnapshots > 0 && caching.metrics.usedStateSlots == 0)
    }

    @Test func `A model without attention has slots and no blocks`() async throws {
        let model = try await load("mamba2")
        let engine = try engine(model, slots: 3)
        #expect(engine.kvBlocks == 0 && engine.stateSlots == 3 && engine.stateBytes > 0)
        #expect(engine.kvCacheMemory.bytes == 3 * engine.stateBytes)
        #expect(engine.lengthLimit == engine.maxModelLength)
        let prompts = (1...5).map { Prompt.tokenIDs(tokens(20 * $0, seed: UInt64($0))) }
        let together = try await engine.generate(prompts, greedy(20))
        for (prompt, output) in zip(prompts, together) {
            #expect(try await engine.generate([prompt], greedy(20))[0].tokenIDs == output.tokenIDs)
        }
    }

    @Test func `Inspection shows what a sequence's states take`() throws {
        let sizes = try ModelInspection(Paths.fixtures.appending(path: "models/lfm2").path).sizes
        #expect(sizes?.stateBytesPerSequence == 640)
        #expect(try ModelInspection(Paths.fairytale.path).sizes?.stateBytesPerSequence == 0)
    }
}

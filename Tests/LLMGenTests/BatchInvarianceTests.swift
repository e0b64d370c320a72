import LLMGen
import Testing

/// Law 1 through the whole engine: the same request gives the same tokens whatever the engine is doing.
@Suite struct BatchInvarianceTests {
    struct Setup: Sendable, CustomTestStringConvertible {
        var name: String
        var load = LoadOptions()
        var engine = EngineOptions()
        var oneAtATime = false
        var preempts = false

        var testDescription: String { name }
    }

    static let setups: [Setup] = {
        var setups = [
            Setup(name: "all together"),
            Setup(name: "one at a time", oneAtATime: true),
            Setup(name: "16 tokens a step", engine: EngineOptions(maxNumBatchedTokens: 16)),
            Setup(
                name: "so few blocks that sequences are preempted", engine: EngineOptions(kvBlocks: 7, blockSize: 16),
                preempts: true),
            Setup(
                name: "few blocks and 5 tokens a step",
                engine: EngineOptions(kvBlocks: 7, blockSize: 16, maxNumBatchedTokens: 5), preempts: true),
            Setup(name: "blocks of 16", engine: EngineOptions(blockSize: 16)),
            Setup(name: "blocks of 64", engine: EngineOptions(blockSize: 64)),
            Setup(name: "blocks of 128", engine: EngineOptions(blockSize: 128)),
            Setup(name: "1 thread", load: LoadOptions(threads: 1)),
            Setup(name: "2 threads", load: LoadOptions(threads: 2)),
            Setup(name: "3 threads", load: LoadOptions(threads: 3)),
            Setup(name: "3 sequences at once", engine: EngineOptions(maxNumSeqs: 3)),
        ]
        for features in CPUFeatures.allCases where features.isAvailable {
            setups.append(Setup(name: "\(features.rawValue) kernels", load: LoadOptions(cpuFeatures: features)))
        }
        return setups
    }()

    /// Tokens a prompt. Unoptimized code, under a sanitizer most of all, gets a share that still preempts.
    #if DEBUG
        private let length = 20
    #else
        private let length = 64
    #endif

    private func wanted() throws -> [[TokenID]] {
        try Fairytale.reference().map { Array($0.greedy_ids.prefix(length)) }
    }

    private func outputs(_ setup: Setup, _ parameters: SamplingParameters) async throws -> [[TokenID]] {
        let prompts = try Fairytale.reference().map { Prompt.tokenIDs($0.prompt_ids) }
        let engine = try Engine(model: try await Fairytale.load(setup.load), options: setup.engine)
        var outputs: [RequestOutput] = []
        if setup.oneAtATime {
            for prompt in prompts { outputs += try await engine.generate([prompt], parameters) }
        } else {
            outputs = try await engine.generate(prompts, parameters)
        }
        await engine.settle()
        let metrics = engine.metrics
        #expect(metrics.usedBlocks == 0 && metrics.running == 0 && metrics.waiting == 0)
        #expect((metrics.preemptions > 0) == setup.preempts)
        return outputs.map(\.tokenIDs)
    }

    @Test(arguments: setups)
    func `Greedy tokens are the reference's in every setup`(setup: Setup) async throws {
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: length)
        #expect(try await outputs(setup, parameters) == wanted())
    }

    @Test(arguments: setups, [KVCacheDtype.bfloat16, .int8])
    func `Greedy tokens over pages of each type are the same in every setup`(
        setup: Setup, dtype: KVCacheDtype
    ) async throws {
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: length)
        var (alone, setup) = (Setup(name: "alone", oneAtATime: true), setup)
        alone.engine.kvCacheDtype = dtype
        setup.engine.kvCacheDtype = dtype
        #expect(try await outputs(setup, parameters) == outputs(alone, parameters))
    }

    /// The setups that differ most from one request alone; the models' own suite has every format in every cut.
    static let hardest = setups.filter { $0.preempts || $0.name == "16 tokens a step" || $0.name == "3 threads" }

    @Test(arguments: hardest, LoadOptions.quantizations)
    func `Greedy tokens of quantized weights are the same in every setup`(
        setup: Setup, quantization: Packing
    ) async throws {
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: length)
        var (alone, setup) = (Setup(name: "alone", oneAtATime: true), setup)
        alone.load.quantization = quantization
        setup.load.quantization = quantization
        #expect(try await outputs(setup, parameters) == outputs(alone, parameters))
    }

    @Test(arguments: setups)
    func `Sampled tokens with a seed are the same in every setup`(setup: Setup) async throws {
        let parameters = try SamplingParameters(
            repetitionPenalty: 1.1, temperature: 0.9, topP: 0.95, seed: 42, ignoreEOS: true, maxTokens: length)
        let wanted = try await outputs(Setup(name: "alone", oneAtATime: true), parameters)
        #expect(try await outputs(setup, parameters) == wanted)
    }

    @Test func `Two engines on one model at once give what each gives alone`() async throws {
        let model = try await Fairytale.load()
        let prompts = try Fairytale.reference().map { Prompt.tokenIDs($0.prompt_ids) }
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: length)
        let engines = try (0..<2).map { _ in try Engine(model: model) }
        async let first = engines[0].generate(prompts, parameters)
        async let second = engines[1].generate(prompts, parameters)
        let wanted = try wanted()
        #expect(try await first.map(\.tokenIDs) == wanted)
        #expect(try await second.map(\.tokenIDs) == wanted)
    }
}

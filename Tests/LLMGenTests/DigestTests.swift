import LLMGen
import LLMTestSupport
import Testing

/// Token ids, log probabilities and vectors are, bit for bit, what they were when they were recorded: with every
/// arithmetic and type of pages, greedy and seeded, alone, together, chunked, preempted and from the cache.
///
/// `RecordedDigests` tells how a digest is recorded.
@Suite struct DigestTests {
    /// The bundled model and fixtures, by their folders.
    static let models = [
        "fairytale-6m", "llama", "llama3-rope", "llama-tied-bf16", "llama-f16", "qwen2", "qwen3", "mistral-window",
        "qwen2-window", "gemma2", "mixtral", "deepseek-v2", "deepseek-v2-lora-q", "phi", "cohere", "cohere2",
        "deepseek-v3", "falcon-grouped", "gemma", "gemma3", "glm4", "glm4-moe", "gpt-neox", "gpt-oss", "gpt2", "gptj",
        "granite", "granite-moe", "llama4", "minicpm3", "ministral", "olmo", "olmo2", "olmo3", "olmoe", "opt", "phi3",
        "qwen2-moe", "qwen3-moe", "smollm3", "stablelm", "starcoder2", "lfm2", "lfm2-moe", "mamba2", "mamba2-groups",
        "granite-hybrid", "granite-hybrid-dense", "bamba", "nemotron-h", "falcon-h1", "falcon-h1-groups",
        "qwen3-next", "qwen3.5", "qwen3.5-moe", "bloom", "mpt", "falcon-alibi", "internlm2", "internlm3", "minicpm",
        "llama4-vision", "mistral3-vision", "qwen2.5-vl", "qwen3-vl", "gemma3n",
    ]

    /// What a model's weights are multiplied in.
    struct Weights: Sendable, CustomTestStringConvertible {
        let name: String
        let options: LoadOptions

        var testDescription: String { name }
    }

    static let weights = [
        Weights(name: "float32", options: LoadOptions(computeDtype: .float32)),
        Weights(name: "bfloat16", options: LoadOptions(computeDtype: .bfloat16)),
        Weights(name: "q8_0", options: LoadOptions(quantization: .q8_0)),
        Weights(name: "q4_0", options: LoadOptions(quantization: .q4_0)),
        Weights(name: "w8a8", options: LoadOptions(quantization: .w8a8)),
    ]

    private static let recorded = RecordedDigests("engine")

    /// A way to the same results.
    private enum Way: CaseIterable {
        case alone, together, preempted, cached

        /// - Parameter fewBlocks: so few that not all sequences can run at once; nil for a model without blocks.
        func options(_ dtype: KVCacheDtype, fewBlocks: Int?) -> EngineOptions {
            switch self {
            case .alone: EngineOptions(kvCacheDtype: dtype)
            case .together, .cached: EngineOptions(kvCacheDtype: dtype, blockSize: 16)
            case .preempted:
                EngineOptions(kvBlocks: fewBlocks, kvCacheDtype: dtype, blockSize: 16, maxNumBatchedTokens: 5)
            }
        }
    }

    @Test(arguments: models, weights)
    func `Results are the recorded ones`(model name: String, weights: Weights) async throws {
        let folder =
            name == "fairytale-6m" ? Paths.fairytale : Paths.fixtures.appending(path: "models/\(name)")
        let model = try await LanguageModel.load(folder.path, weights.options)
        for dtype in KVCacheDtype.allCases {
            let key = "\(name) \(weights.name) \(dtype.rawValue)"
            for way in Way.allCases {
                let digest = try await digest(model, way, dtype)
                #expect(try DigestTests.recorded.recorded(key, digest) == "\(digest)", "\(way)")
            }
        }
    }

    private func digest(_ model: LanguageModel, _ way: Way, _ dtype: KVCacheDtype) async throws -> Digest {
        // Where every layer has a window, few blocks hold a sequence; where none has attention, none are needed.
        let hasBlocks = !["mamba2", "mamba2-groups"].contains(model.name)
        let fewBlocks =
            hasBlocks ? ["mistral-window", "phi3", "starcoder2", "mistral3-vision"].contains(model.name) ? 3 : 8 : nil
        let engine = try Engine(model: model, options: way.options(dtype, fewBlocks: fewBlocks))
        let prompts = prompts(model)
        let parameters = [
            try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 24, logprobs: 3),
            try SamplingParameters(
                presencePenalty: 0.2, repetitionPenalty: 1.1, temperature: 0.9, topP: 0.95, topK: 40, seed: 7,
                ignoreEOS: true, maxTokens: 24, logprobs: 1),
        ]
        var digest = Digest()
        for parameters in parameters {
            if way == .cached { _ = try await engine.generate(prompts, parameters) }
            var outputs: [RequestOutput] = []
            if way == .alone {
                for prompt in prompts { outputs += try await engine.generate([prompt], parameters) }
            } else {
                outputs = try await engine.generate(prompts, parameters)
            }
            if way == .cached { #expect(outputs.contains { $0.usage.cachedTokens > 0 }) }
            for output in outputs { digest.add(output.outputs[0]) }
        }
        let scores = try SamplingParameters(temperature: 0, maxTokens: 1, promptLogprobs: 2)
        for output in try await engine.generate(prompts, scores) {
            for logprobs in output.promptLogprobs ?? [] { if let logprobs { digest.add(logprobs) } }
        }
        for output in try await engine.embed(prompts) { for element in output.embedding { digest.add(element) } }
        if way == .preempted, hasBlocks {
            await engine.settle()
            #expect(engine.metrics.preemptions > 0)
        }
        return digest
    }

    /// Prompts of some lengths, the last two of which begin alike.
    private func prompts(_ model: LanguageModel) -> [Prompt] {
        var generator = SeededGenerator(seed: 11)
        let ids = (0..<60).map { _ in TokenID.random(in: 3..<TokenID(model.vocabularySize), using: &generator) }
        return [1, 7, 33, 60].map { .tokenIDs(Array(ids.prefix($0))) }
    }
}

extension Digest {
    fileprivate mutating func add(_ sample: SampleOutput) {
        for token in sample.tokenIDs { add(token) }
        for logprobs in sample.logprobs ?? [] { add(logprobs) }
    }

    fileprivate mutating func add(_ logprobs: TokenLogprobs) {
        for entry in [logprobs.chosen] + logprobs.top {
            add(entry.tokenID)
            add(entry.logprob)
        }
    }
}

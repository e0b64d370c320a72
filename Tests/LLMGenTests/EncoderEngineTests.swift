import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// Encoders behind an engine: whole texts, within a step's budget, and nothing cached.
@Suite struct EncoderEngineTests {
    private struct Embedded: Decodable {
        let texts: [String]
        let tokens: [[TokenID]]
        let vectors: [[Float]]
    }

    private struct Scored: Decodable {
        struct Entry: Decodable {
            let query: String
            let document: String
            let tokens: [TokenID]
            let score: Double
            let logit: Double
        }
        let entries: [Entry]
    }

    private func folder(_ name: String) -> URL { Paths.fixtures.appending(path: "embeddings/\(name)") }

    private func reference<Value: Decodable>(_ name: String) throws -> Value {
        let data = try Data(contentsOf: folder(name).appending(path: "reference.json"))
        return try JSONDecoder().decode(Value.self, from: data)
    }

    private func engine(_ name: String, _ options: EngineOptions = EngineOptions()) async throws -> Engine {
        try Engine(
            model: try await LanguageModel.load(folder(name).path, LoadOptions(computeDtype: .float32)),
            options: options)
    }

    @Test(arguments: [512, 50, 7])
    func `Vectors are those of sentence-transformers, whatever the budget`(budget: Int) async throws {
        let engine = try await engine("bert-embedding", EngineOptions(maxNumBatchedTokens: budget))
        let reference: Embedded = try reference("bert-embedding")
        let outputs = try await engine.embed(reference.texts.map(Prompt.text), .init(truncatePromptTokens: -1))
        try #require(outputs.count == 4 && reference.vectors.count == 4 && reference.tokens.count == 4)
        for (index, output) in outputs.enumerated() {
            #expect(output.usage.promptTokens == reference.tokens[index].count)
            #expect(output.embedding.count == reference.vectors[index].count)
            for (one, other) in zip(output.embedding, reference.vectors[index]) { #expect(abs(one - other) < 2e-5) }
        }
        // Alone, the same bits.
        for (text, output) in zip(reference.texts, outputs) {
            #expect(try await engine.embed([.text(text)], .init(truncatePromptTokens: -1)) == [output])
        }
        await engine.settle()
        #expect(engine.metrics.usedBlocks == 0 && engine.kvBlocks == 0 && engine.kvCacheMemory.bytes == 0)
    }

    @Test func `A GGUF file gives the same vectors by its own vocabulary and pooling, scaled to length 1`() async throws
    {
        let model = try await LanguageModel.load(
            folder("converted/bert-embedding.gguf").path, LoadOptions(computeDtype: .float32))
        #expect(model.tasks == [.embed, .score])
        let reference: Embedded = try reference("bert-embedding")
        let outputs = try await Engine(model: model).embed(
            reference.texts.map(Prompt.text), .init(truncatePromptTokens: 48))
        try #require(outputs.count == 4)
        for (index, output) in outputs.enumerated() {
            #expect(output.usage.promptTokens == reference.tokens[index].count)
            let wanted = reference.vectors[index]
            let length = wanted.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for (one, other) in zip(output.embedding, wanted) { #expect(abs(one - other / length) < 2e-5) }
        }
    }

    @Test func `A step computes whole texts within its budget, and a longer one alone`() async throws {
        let engine = try await engine("bert-embedding", EngineOptions(maxNumBatchedTokens: 20))
        engine.pause()
        let counts = [8, 12, 30, 5, 5, 10]  // steps: 8 and 12, 30, 5 and 5 and 10
        async let outputs = engine.embed(counts.map { .tokenIDs(Array(repeating: 7, count: $0)) })
        while engine.metrics.waiting < counts.count { await engine.settle() }
        engine.resume()
        #expect(try await outputs.map(\.usage.promptTokens) == counts)
        await engine.settle()
        #expect(engine.metrics.steps == 3 && engine.metrics.preemptions == 0)
    }

    @Test func `Pairs are scored as CrossEncoder does, cut at the longer text`() async throws {
        let engine = try await engine("bert-reranker", EngineOptions(maxNumBatchedTokens: 100))
        let reference: Scored = try reference("bert-reranker")
        let pairs = reference.entries.map { TextPair($0.query, $0.document) }
        let scores = try await engine.score(pairs, .init(truncatePromptTokens: -1))
        let raw = try await engine.score(pairs, .init(usesActivation: false, truncatePromptTokens: 64))
        for (index, entry) in reference.entries.enumerated() {
            #expect(scores[index].usage.promptTokens == entry.tokens.count)
            #expect(abs(scores[index].score - entry.score) < 1e-5 && abs(raw[index].score - entry.logit) < 1e-4)
        }
        #expect(try await engine.score([pairs[0]]) == [scores[0]])
        let error = await #expect(throws: LLMGenError.self) { try await engine.score(pairs) }
        #expect(error?.code == .contextLengthExceeded && error?.message.contains("64") == true)
        let told = await #expect(throws: LLMGenError.self) {
            try await engine.score([pairs[0]], .init(instruction: "Find"))
        }
        #expect(told?.field == "instruction")
    }

    @Test func `A cross-encoder may have no activation`() async throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: folder("bert-reranker"), to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        let config = copy.appending(path: "config.json")
        let text = try String(contentsOf: config, encoding: .utf8)
        let older = #"{"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity","#
        try Data((older + text.dropFirst()).utf8).write(to: config)
        let options = LoadOptions(computeDtype: .float32)
        let engine = try Engine(model: try await LanguageModel.load(copy.path, options))
        let entry = try (reference("bert-reranker") as Scored).entries[0]
        let pair = TextPair(entry.query, entry.document)
        #expect(abs(try await engine.score([pair])[0].score - entry.logit) < 1e-4)
        try Data((older.replacing("Identity", with: "Softmax") + text.dropFirst()).utf8).write(to: config)
        let other = try Engine(model: try await LanguageModel.load(copy.path, options))
        let error = await #expect(throws: LLMGenError.self) { try await other.score([pair]) }
        #expect(error?.message.contains("Softmax") == true)
    }

    @Test func `What an encoder cannot do is refused`() async throws {
        let embedder = try await engine("bert-embedding")
        #expect(embedder.model.tasks == [.embed, .score])
        for body in [
            { _ = try await embedder.generate([.tokenIDs([5])], try SamplingParameters()) },
            { _ = try embedder.prepare("a", try SamplingParameters()) },
            { _ = try await embedder.score(.tokenIDs([5, 6])) },
            { _ = try await embedder.beamSearch("a", try BeamSearchParameters(beamWidth: 2, maxTokens: 4)) },
        ] as [() async throws -> Void] {
            let error = await #expect(throws: LLMGenError.self) { try await body() }
            #expect(error?.code == .invalidInput && error?.field == "model")
        }
        let reranker = try await engine("bert-reranker")
        #expect(reranker.model.tasks == [.score])
        let error = await #expect(throws: LLMGenError.self) { try await reranker.embed(["a"]) }
        #expect(error?.message.contains("makes no vectors") == true)
        let long = await #expect(throws: LLMGenError.self) {
            try await embedder.embed([.tokenIDs(Array(repeating: 7, count: 49))])
        }
        #expect(long?.code == .contextLengthExceeded && long?.message.contains("at most 48") == true)
    }

    @Test func `A text's bits are the same with any threads and instruction set, beside others and alone`() async throws
    {
        let reference: Embedded = try reference("bert-embedding")
        let prompts = reference.texts.map(Prompt.text) + (1...40).map { .tokenIDs(Array(repeating: 9, count: $0)) }
        var vectors: [[EmbeddingOutput]] = []
        for (features, threads, budget) in [(nil, 1, 512), (nil, 2, 30), (.scalar, 2, 512)]
            as [(CPUFeatures?, Int, Int)]
        {
            let loading = LoadOptions(computeDtype: .float32, threads: threads, cpuFeatures: features)
            let engine = try Engine(
                model: try await LanguageModel.load(folder("bert-embedding").path, loading),
                options: EngineOptions(maxNumBatchedTokens: budget))
            vectors.append(try await engine.embed(prompts, .init(truncatePromptTokens: -1)))
        }
        #expect(vectors[0] == vectors[1] && vectors[0] == vectors[2])
    }

    @Test func `Inspection says what a model puts out`() throws {
        for (name, predictsTokens, labels) in [
            ("bert-embedding", false, nil), ("bert-reranker", false, 1), ("qwen3-embedding", false, nil),
            ("qwen3-reranker", true, nil), ("qwen3-label", false, 1),
        ] as [(String, Bool, Int?)] {
            let sizes = try #require(try ModelInspection(folder(name).path).sizes, "\(name)")
            #expect(sizes.predictsTokens == predictsTokens && sizes.labels == labels, "\(name)")
            #expect((sizes.kvBytesPerToken == 0) == name.hasPrefix("bert"), "\(name)")
        }
    }
}

import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// Pairs of texts as rerankers score them, against what transformers computes.
@Suite struct RerankTests {
    struct Entry: Decodable {
        let query: String
        let document: String
        let tokens: [TokenID]
        let score: Double
        let logit: Double?
    }

    private struct Reference: Decodable { let entries: [Entry] }

    private func folder(_ name: String) -> URL { Paths.fixtures.appending(path: "embeddings/\(name)") }

    private func reference(_ name: String) throws -> [Entry] {
        let data = try Data(contentsOf: folder(name).appending(path: "reference.json"))
        return try JSONDecoder().decode(Reference.self, from: data).entries
    }

    private func engine(
        _ name: String, _ reranker: PairTemplate? = nil, _ options: EngineOptions = EngineOptions()
    ) async throws -> Engine {
        let loading = LoadOptions(computeDtype: .float32, reranker: reranker)
        return try Engine(model: try await LanguageModel.load(folder(name).path, loading), options: options)
    }

    @Test(arguments: [("qwen3-reranker", PairTemplate?.none), ("qwen3-label", .qwen3)], [512, 100])
    func `Scores are those of transformers`(model: (String, PairTemplate?), budget: Int) async throws {
        let engine = try await engine(model.0, model.1, EngineOptions(maxNumBatchedTokens: budget))
        let entries = try reference(model.0)
        let pairs = entries.map { TextPair($0.query, $0.document) }
        let scores = try await engine.score(pairs)
        #expect(entries.count == 4 && scores.count == 4)
        for (score, entry) in zip(scores, entries) {
            #expect(abs(score.score - entry.score) < 1e-5)
            #expect(score.usage.promptTokens == entry.tokens.count)
        }
        let raw = try await engine.score(pairs, .init(usesActivation: false))
        #expect(raw.count == 4)
        for (score, entry) in zip(raw, entries) {
            #expect(abs(score.score - (entry.logit ?? log(entry.score / (1 - entry.score)))) < 1e-4)
        }
        // Alone, the same bits.
        for (index, pair) in pairs.enumerated() { #expect(try await engine.score([pair]) == [scores[index]]) }
    }

    @Test func `Documents come best first, as many as are asked for`() async throws {
        let engine = try await engine("qwen3-reranker")
        let documents = try reference("qwen3-reranker").map(\.document) + ["A mill stood by the river."]
        let scores = try await engine.score(documents.map { TextPair("Who is the king?", $0) })
        let ranked = try await engine.rerank("Who is the king?", documents)
        #expect(ranked.map(\.score) == ranked.map { scores[$0.index] })
        #expect(zip(ranked, ranked.dropFirst()).allSatisfy { ($0.score.score, $1.index) >= ($1.score.score, $0.index) })
        #expect(ranked.firstIndex { $0.index == 1 }! + 1 == ranked.firstIndex { $0.index == 4 }!)
        #expect(try await engine.rerank("Who is the king?", documents, topN: 2) == Array(ranked.prefix(2)))
        #expect(try await engine.rerank("Who is the king?", []).isEmpty)
    }

    @Test func `An instruction changes scores, and a document is cut where that was asked for`() async throws {
        let engine = try await engine("qwen3-reranker", nil, EngineOptions(maxModelLength: 300))
        let pair = TextPair("Who is the king?", String(repeating: "The king had three daughters. ", count: 30))
        let error = await #expect(throws: LLMGenError.self) { try await engine.score([pair]) }
        #expect(error?.code == .contextLengthExceeded)
        let cut = try await engine.score([pair], .init(truncatePromptTokens: -1))[0]
        #expect(cut.usage.promptTokens == 300)
        let other = try await engine.score([pair], .init(instruction: "Find a mill", truncatePromptTokens: -1))[0]
        #expect(other.score != cut.score)
        let tooShort = await #expect(throws: LLMGenError.self) {
            try await engine.score([pair], .init(truncatePromptTokens: 20))
        }
        #expect(tooShort?.field == "truncate_prompt_tokens")
    }

    /// What sentence-transformers' CrossEncoder computes of a causal model with the module LogitScore.
    private struct Instructed: Decodable {
        let query: String
        let document: String
        let tokens: [TokenID]
        let score: Double
        let logit: Double
        let instructed: Double
    }

    @Test(arguments: ["logit-score", "logit-score-one"])
    func `A LogitScore module and the chat template score pairs as CrossEncoder does`(name: String) async throws {
        struct Reference: Decodable { let entries: [Instructed] }
        let data = try Data(contentsOf: folder(name).appending(path: "reference.json"))
        let entries = try JSONDecoder().decode(Reference.self, from: data).entries
        let engine = try await engine(name)
        #expect(engine.model.tasks == [.generate, .embed, .score])
        let pairs = entries.map { TextPair($0.query, $0.document) }
        let scores = try await engine.score(pairs)
        let raw = try await engine.score(pairs, .init(usesActivation: false))
        let instructed = try await engine.score(pairs, .init(instruction: "Find a mill"))
        #expect(entries.count == 4 && scores.count == 4 && raw.count == 4 && instructed.count == 4)
        for (index, entry) in entries.enumerated() {
            #expect(scores[index].usage.promptTokens == entry.tokens.count)
            #expect(abs(scores[index].score - entry.score) < 1e-5)
            #expect(abs(raw[index].score - entry.logit) < 1e-4)
            #expect(abs(instructed[index].score - entry.instructed) < 1e-5)
        }
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.score(pairs, .init(truncatePromptTokens: 8))
        }
        #expect(error?.field == "truncate_prompt_tokens")
    }

    static let logitScoreFaults: [(file: String, from: String, to: String, words: [String])] = [
        ("1_LogitScore/config.json", "\"true_token_id\"", "\"yes\"", ["1_LogitScore/config.json", "true_token_id"]),
        ("1_LogitScore/config.json", "causal_logits", "scores", ["module_input_name", "'scores'"]),
        ("1_LogitScore/config.json", "\"true_token_id\": 2", "\"true_token_id\": 99992", ["LogitScore", "0 to"]),
        ("modules.json", "modules.transformer.Transformer", "modules.Dense", ["modules.json", "LogitScore"]),
        ("chat_template.jinja", "\"document\"", "\"user\"", ["chat template", "query and document"]),
        ("sentence_bert_config.json", "\"chat_template\"", "\"audio\"", ["processing_kwargs.audio"]),
        ("sentence_bert_config.json", "enable_thinking", "max_length", ["chat_template.max_length"]),
        ("config_sentence_transformers.json", "activation.Sigmoid", "activation.Tanh", ["activation_fn", "Tanh"]),
    ]

    @Test(arguments: logitScoreFaults.indices)
    func `Files of a LogitScore model that cannot be kept are an error where a pair is scored`(index: Int) async throws
    {
        let (file, from, to, words) = RerankTests.logitScoreFaults[index]
        let copy = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: folder("logit-score"), to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        let text = try String(contentsOf: copy.appending(path: file), encoding: .utf8)
        try #require(text.contains(from))
        try Data(text.replacingOccurrences(of: from, with: to).utf8).write(to: copy.appending(path: file))
        let model = try await LanguageModel.load(copy.path)
        #expect(model.tasks.contains(.generate))
        let engine = try Engine(model: model)
        let error = await #expect(throws: LLMGenError.self) { try await engine.score([TextPair("a", "b")]) }
        for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
    }

    @Test func `A model that embeds scores a pair by the cosine of its vectors`() async throws {
        let engine = try await engine("bert-embedding")
        let texts = ["The king had three daughters.", "A mill, far away", "the wolf"]
        let vectors = try await engine.embed(texts.map(Prompt.text), .init(normalize: false)).map(\.embedding)
        func cosine(_ one: [Float], _ other: [Float]) -> Double {
            func product(_ one: [Float], _ other: [Float]) -> Double {
                zip(one, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }
            return product(one, other) / (product(one, one) * product(other, other)).squareRoot()
        }
        let scores = try await engine.score(texts.map { TextPair(texts[0], $0) })
        #expect(scores.count == 3)
        for (index, score) in scores.enumerated() {
            #expect(abs(score.score - cosine(vectors[0], vectors[index])) < 1e-6)
            #expect(try await engine.score([TextPair(texts[0], texts[index])])[0].score == score.score)
        }
        #expect(abs(scores[0].score - 1) < 1e-6)
        // A text is computed once, and counted for the first pair that has it.
        let counts = try texts.map { try engine.model.tokens(of: .text($0)).count }
        #expect(scores.map(\.usage.promptTokens) == counts)
        let ranked = try await engine.rerank(texts[0], texts)
        #expect(ranked[0].index == 0 && ranked.map(\.score.score) == ranked.map(\.score.score).sorted(by: >))
        let told = await #expect(throws: LLMGenError.self) {
            try await engine.score([TextPair("a", "b")], .init(instruction: "Find"))
        }
        #expect(told?.field == "instruction")
    }

    @Test func `What the model is comes from its name, its config or the options`() async throws {
        #expect(try await engine("qwen3-reranker").model.tasks == [.generate, .embed, .score])
        #expect(try await engine("qwen3-label").model.tasks == [.score])
        let plain = try await LanguageModel.load(Paths.fixtures.appending(path: "models/qwen3").path)
        #expect(plain.tasks == [.generate, .embed])
        let error = await #expect(throws: LLMGenError.self) {
            try await Engine(model: plain).score([TextPair("a", "b")])
        }
        #expect(error?.field == "model" && error?.message.contains("scores no pairs") == true)
        let copy = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: folder("qwen3-reranker"), to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        #expect(try await LanguageModel.load(copy.path).tasks == [.generate, .embed])
        #expect(try await LanguageModel.load(copy.path, LoadOptions(reranker: .qwen3)).tasks.contains(.score))
        let config = copy.appending(path: "config.json")
        let text = try String(contentsOf: config, encoding: .utf8)
        try Data(("{\"classifier_from_token\": [\"no\", \"yes\"]," + text.dropFirst()).utf8).write(to: config)
        let named = try Engine(model: try await LanguageModel.load(copy.path, LoadOptions(computeDtype: .float32)))
        let entry = try reference("qwen3-reranker")[0]
        #expect(abs(try await named.score([TextPair(entry.query, entry.document)])[0].score - entry.score) < 1e-5)
    }
}

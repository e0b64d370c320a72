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

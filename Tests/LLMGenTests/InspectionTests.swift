import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// What an inspection says of the files that are about texts.
@Suite struct InspectionTests {
    private func folder(_ name: String) -> URL { Paths.fixtures.appending(path: "embeddings/\(name)") }

    /// The inspection of a fixture with other files in the place of its own; nil for one that is taken away.
    private func inspection(_ name: String, _ files: [String: String?] = [:]) throws -> ModelInspection {
        let copy = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: folder(name), to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        for (name, text) in files {
            let file = copy.appending(path: name)
            if let text { try Data(text.utf8).write(to: file) } else { try FileManager.default.removeItem(at: file) }
        }
        return try ModelInspection(copy.path)
    }

    private func text(_ name: String, _ file: String) throws -> String {
        try String(contentsOf: folder(name).appending(path: file), encoding: .utf8)
    }

    @Test func `A model that embeds says how`() throws {
        let config = try text("qwen3-embedding", "config.json")
        let shown = try inspection(
            "qwen3-embedding", ["config.json": "{\"matryoshka_dimensions\": [8, 16, 32]," + config.dropFirst()])
        let embedding = try #require(shown.embedding)
        #expect(embedding.pooling == "last" && embedding.normalizes && embedding.dimensions == 32)
        #expect(embedding.shorterDimensions == [8, 16])
        #expect(embedding.prompts.map(\.name) == ["document", "query"])
        #expect(embedding.prompts.last?.text.hasPrefix("Instruct: Find the tale") == true)
        #expect(shown.reranking == nil && shown.unsupportedParts.isEmpty)
        let bert = try #require(try inspection("bert-embedding").embedding)
        #expect(bert.pooling == "mean" && !bert.normalizes && bert.maxTokens == 48)
    }

    @Test(arguments: [
        ("bert-reranker", "one label", "joined", "Sigmoid"), ("qwen3-label", "one label", "joined", "Sigmoid"),
        ("logit-score-one", "token 258", "chat template", "Identity"),
        ("logit-score", "token 258 over token 257", "chat template", "Sigmoid"),
    ])
    func `A model that scores pairs says how`(name: String, outputs: String, writing: String, activation: String) throws
    {
        let shown = try inspection(name)
        let reranking = try #require(shown.reranking)
        #expect(reranking.outputs == outputs && reranking.writing == writing && reranking.activation == activation)
        #expect(shown.embedding == nil && shown.unsupportedParts.isEmpty)
    }

    static let faults: [(model: String, file: String, text: String?, words: [String])] = [
        ("bert-embedding", "1_Pooling/config.json", nil, ["modules.json", "path", "config.json"]),
        ("bert-embedding", "modules.json", "[{", ["modules.json", "JSON", "cut short"]),
        (
            "bert-embedding", "modules.json", #"[{"path": "", "type": "sentence_transformers.models.WordWeights"}]"#,
            ["modules.json", "WordWeights", "Pooling"]
        ),
        ("bert-embedding", "config_sentence_transformers.json", #"{"prompts": 3}"#, ["prompts", "3"]),
        ("bert-embedding", "tokenizer.json", "{", ["tokenizer.json"]),
        ("bert-reranker", "config_sentence_transformers.json", #"{"activation_fn": "torch.Softmax"}"#, ["Softmax"]),
        ("logit-score", "1_LogitScore/config.json", "{}", ["true_token_id"]),
    ]

    @Test(arguments: faults.indices)
    func `A fault in the files about texts is told beside the rest`(index: Int) throws {
        let (model, file, text, words) = InspectionTests.faults[index]
        let shown = try inspection(model, [file: text])
        #expect(shown.sizes != nil && shown.unsupported == nil)
        #expect(shown.unsupportedParts.count == 1)
        for word in words { #expect(shown.unsupportedParts.first?.contains(word) == true, "\(shown.unsupportedParts)") }
    }

    @Test func `A config of fewer layers than the checkpoint has is told with both numbers`() throws {
        let config = try text("bert-embedding", "config.json")
        let shown = try inspection(
            "bert-embedding",
            ["config.json": config.replacing(#""num_hidden_layers": 2"#, with: #""num_hidden_layers": 1"#)])
        #expect(shown.sizes == nil)
        for word in ["has 2", "makes 1"] { #expect(shown.unsupported?.contains(word) == true, "\(shown)") }
    }
}

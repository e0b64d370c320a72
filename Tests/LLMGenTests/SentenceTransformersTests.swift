import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// Vectors as the files of sentence-transformers ask for them, against what sentence-transformers computes.
@Suite struct SentenceTransformersTests {
    struct Case: Decodable, Sendable {
        let mode: String
        let includes_prompt: Bool
        let dense: Bool
        let normalizes: Bool
        let prompt_name: String?
        let prompt: String?
        let dimensions: Int?
        let vectors: [[Float]]
    }

    private struct Reference: Decodable {
        let texts: [String]
        let cases: [Case]
    }

    private static let folder = Paths.fixtures.appending(path: "embeddings/qwen3-embedding")
    private static let reference = Result {
        try JSONDecoder().decode(Reference.self, from: Data(contentsOf: folder.appending(path: "reference.json")))
    }

    /// The model with other files in the place of its own.
    private func engine(_ files: [String: String] = [:], _ options: EngineOptions = EngineOptions()) async throws
        -> Engine
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Self.folder, to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return try Engine(
            model: try await LanguageModel.load(folder.path, LoadOptions(computeDtype: .float32)), options: options)
    }

    private func modules(_ kinds: [String]) -> String {
        let entries = kinds.enumerated().map { index, kind in
            let path = ["Transformer": "", "Pooling": "1_Pooling", "Dense": "2_Dense"][kind] ?? "2_Normalize"
            return
                #"{"idx": \#(index), "name": "\#(index)", "path": "\#(path)", "type": "sentence_transformers.models.\#(kind)"}"#
        }
        return "[\(entries.joined(separator: ","))]"
    }

    @Test(arguments: 0..<17)
    func `Vectors are those of sentence-transformers`(index: Int) async throws {
        let reference = try Self.reference.get()
        try #require(reference.cases.count == 17)
        let (entry, texts) = (reference.cases[index], reference.texts)
        let kinds =
            ["Transformer", "Pooling"] + (entry.dense ? ["Dense"] : []) + (entry.normalizes ? ["Normalize"] : [])
        var options = EngineOptions(maxNumBatchedTokens: 50)
        options.kvBlocks = 20
        let engine = try await engine(
            [
                "modules.json": modules(kinds),
                "1_Pooling/config.json": """
                {"word_embedding_dimension": 32, "pooling_mode": "\(entry.mode)", "include_prompt": \(entry.includes_prompt)}
                """,
            ], options)
        var parameters = EmbeddingParameters(dimensions: entry.dimensions)
        if let name = entry.prompt_name { parameters.prompt = .named(name) }
        if let text = entry.prompt { parameters.prompt = .text(text) }
        let outputs = try await engine.embed(texts.map(Prompt.text), parameters)
        #expect(outputs.count == 3 && entry.vectors.count == 3)
        for (output, expected) in zip(outputs, entry.vectors) {
            #expect(output.embedding.count == expected.count)
            for (one, other) in zip(output.embedding, expected) {
                #expect(abs(one - other) < 2e-5 * max(1, abs(other)))
            }
        }
    }

    @Test func `The files say how vectors are made, and a request may say otherwise`() async throws {
        let engine = try await engine([
            "config_sentence_transformers.json": """
            {"prompts": {"query": "Instruct: Find the tale\\nQuery:", "document": ""}, "default_prompt_name": "query",
             "similarity_fn_name": "dot"}
            """,
            "sentence_bert_config.json": #"{"max_seq_length": 40, "do_lower_case": true}"#,
        ])
        let format = try engine.model.embeddingFormat
        #expect(format.pooling == .last && format.normalizes && format.includesPrompt && format.dimensions == 32)
        #expect(format.defaultPromptName == "query" && format.similarity == "dot" && format.maxTokens == 40)
        #expect(engine.model.tasks == [.embed, .score])
        let usual = try await engine.embed(["the king"])
        #expect(try await engine.embed(["THE King"], .init(prompt: .named("query"))) == usual)
        #expect(try await engine.embed(["the king"], .init(prompt: .text("Instruct: Find the tale\nQuery:"))) == usual)
        let plain = try await engine.embed(["the king"], .init(prompt: .named("document")))
        #expect(plain != usual)
        #expect(try await engine.embed(["the king"], .init(prompt: .text(""))) == plain)
    }

    @Test func `A text is cut before what its tokenizer puts behind it, and only where that was asked for`()
        async throws
    {
        let engine = try await engine(["sentence_bert_config.json": #"{"max_seq_length": 12}"#])
        let model = engine.model
        let text = "The king had three daughters, and a mill far away."
        let tokens = try model.tokens(of: .text(text))
        #expect(tokens.count > 13 && tokens.last == 300)
        let error = await #expect(throws: LLMGenError.self) { try await engine.embed([.text(text)]) }
        #expect(error?.code == .contextLengthExceeded)
        #expect(error?.message.contains("\(tokens.count) tokens") == true && error?.message.contains("12") == true)
        for (limit, count) in [(-1, 12), (12, 12), (5, 5), (2, 2)] {
            let cut = Prompt.tokenIDs(Array(tokens.prefix(count - 1)) + [300])
            let output = try await engine.embed([.text(text)], .init(truncatePromptTokens: limit))
            #expect(try await engine.embed([cut]) == output)
        }
        for (limit, words) in [(0, "from 1 to 12"), (13, "from 1 to 12"), (1, "leaves 1 token"), (-2, "-2")] {
            let error = await #expect(throws: LLMGenError.self) {
                try await engine.embed([.text(text)], .init(truncatePromptTokens: limit))
            }
            #expect(error?.field == "truncate_prompt_tokens" && error?.message.contains(words) == true)
        }
    }

    static let refusals: [(EmbeddingParameters, Prompt, String, [String])] = [
        (.init(dimensions: 33), "a", "dimensions", ["33", "1 to 32"]),
        (.init(dimensions: 0), "a", "dimensions", ["0", "1 to 32"]),
        (.init(prompt: .named("q")), "a", "prompt_name", ["'q'", "'document', 'query'"]),
        (.init(prompt: .named("query")), .tokenIDs([4]), "prompt_name", ["token ids"]),
    ]

    @Test(arguments: refusals.indices)
    func `What the model has not is refused with what it has`(index: Int) async throws {
        let (parameters, prompt, field, words) = Self.refusals[index]
        let engine = try await engine()
        let error = await #expect(throws: LLMGenError.self) { try await engine.embed([prompt], parameters) }
        #expect(error?.field == field)
        for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
    }

    @Test func `A config may name the dimensions that vectors can be cut to`() async throws {
        let config = try String(contentsOf: Self.folder.appending(path: "config.json"), encoding: .utf8)
        let engine = try await engine([
            "config.json": config.replacingOccurrences(
                of: "{\n", with: "{ \"matryoshka_dimensions\": [8, 16], ", options: [],
                range: config.startIndex..<config.index(config.startIndex, offsetBy: 2))
        ])
        #expect(try await engine.embed(["a"], .init(dimensions: 16))[0].embedding.count == 16)
        let error = await #expect(throws: LLMGenError.self) { try await engine.embed(["a"], .init(dimensions: 9)) }
        #expect(error?.message.contains("8, 16, 32") == true)
    }

    static let damages: [(String, String, [String])] = [
        ("modules.json", "{}", ["modules.json", "list"]),
        ("modules.json", "[1]", ["modules.json", "[0]"]),
        ("modules.json", #"[{"type": "a.WordWeights", "path": ""}]"#, ["WordWeights", "Pooling"]),
        ("modules.json", #"[{"type": "a.Transformer", "path": ""}]"#, ["no Pooling"]),
        ("modules.json", #"[{"type": "a.Pooling", "path": "../x"}]"#, ["../x", "a folder in that of the model"]),
        ("1_Pooling/config.json", #"{"embedding_dimension": 31}"#, ["31", "32"]),
        (
            "1_Pooling/config.json", #"{"embedding_dimension": 32, "pooling_mode": "median"}"#,
            ["median", "weightedmean"]
        ),
        (
            "1_Pooling/config.json",
            #"{"word_embedding_dimension": 32, "pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}"#,
            ["cls, max", "not supported"]
        ),
        ("config_sentence_transformers.json", #"{"default_prompt_name": "x"}"#, ["default_prompt_name", "x"]),
        ("sentence_bert_config.json", #"{"max_seq_length": 0}"#, ["max_seq_length", "0"]),
    ]

    @Test(arguments: damages.indices)
    func `Files that ask for what is not there are refused where a text is embedded`(index: Int) async throws {
        let (name, text, words) = Self.damages[index]
        let engine = try await engine([name: text])
        let error = await #expect(throws: LLMGenError.self) { try await engine.embed(["a"]) }
        for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
    }

    @Test func `A checkpoint without an output head generates nothing`() async throws {
        let engine = try await engine()
        for body in [
            { _ = try await engine.generate(["a"], try SamplingParameters()) },
            { _ = try await engine.score(.text("a mill")) },
            { _ = try await engine.beamSearch("a", try BeamSearchParameters(beamWidth: 2, maxTokens: 4)) },
        ] as [() async throws -> Void] {
            let error = await #expect(throws: LLMGenError.self) { try await body() }
            #expect(error?.code == .invalidInput && error?.field == "model")
        }
    }
}

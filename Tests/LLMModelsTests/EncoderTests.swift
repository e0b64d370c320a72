import Foundation
import LLMModels
import LLMTensor
import LLMTestSupport
import Testing

/// Small random encoders against what Hugging Face transformers computes with them in float32.
@Suite struct EncoderParityTests {
    struct Reference: Decodable {
        struct Case: Decodable {
            let tokens: [Int32]
            let token_types: [Int32]?
            let states: [[Float]]
            let scores: [Float]?
        }
        let cases: [Case]
    }

    private static let folder = Paths.fixtures.appending(path: "encoders")

    /// Every folder of `Tests/Fixtures/encoders`, with each of its configs.
    static let fixtures = FileManager.default.subpaths(atPath: folder.path)!
        .filter { $0.contains("/config") && $0.hasSuffix(".json") }.sorted()

    @Test(arguments: fixtures)
    func `Hidden states at every position and scores equal those of transformers`(fixture: String) throws {
        let config = EncoderParityTests.folder.appending(path: fixture)
        let folder = config.deletingLastPathComponent()
        let driver = try EncoderDriver(folder: folder, config: config.lastPathComponent)
        let reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: folder.appending(path: "reference.json")))
        #expect(reference.cases.count == 5)
        for entry in reference.cases {
            let output = driver.outputs([EncoderDriver.Text(tokens: entry.tokens, types: entry.token_types)])[0]
            #expect(output.states.count == entry.states.count)
            for (ours, theirs) in zip(output.states, entry.states) { #expect(isNear(ours, theirs)) }
            #expect((output.scores == nil) == (entry.scores == nil))
            #expect(driver.model.labels == entry.scores?.count)
            if let ours = output.scores, let theirs = entry.scores { #expect(isNear(ours, theirs)) }
        }
    }

    private func isNear(_ ours: [Float], _ theirs: [Float]) -> Bool {
        let tolerance = 2e-4 * (theirs.map(abs).max() ?? 0)
        return ours.count == theirs.count && zip(ours, theirs).allSatisfy { abs($0 - $1) < tolerance }
    }
}

/// Law 1 for every encoder: what is computed of a text is the same bits whatever else is in the batch.
@Suite struct EncoderInvarianceTests {
    static let architectures = Architectures.all.filter(\.isEncoder).map(\.name)

    private func config(_ architecture: String) throws -> String {
        try #require(Architectures.all.first { $0.name == architecture }).tinyConfig
    }

    private func texts(_ lengths: [Int]) -> [EncoderDriver.Text] {
        var random = SeededGenerator(seed: 5)
        return lengths.map { length in
            EncoderDriver.Text(
                tokens: (0..<length).map { _ in Int32.random(in: 0..<97, using: &random) },
                types: (0..<length).map { $0 < length / 2 ? 0 : 1 })
        }
    }

    @Test(arguments: architectures, LinearFormat.allCases)
    func `A text's hidden states and scores are the same bits alone and in a batch of any order`(
        architecture: String, format: LinearFormat
    ) throws {
        let driver = try EncoderDriver(config: config(architecture), format: format)
        let texts = texts([1, 50, 7, 160, 33, 16])
        let alone = texts.map { driver.outputs([$0])[0] }
        #expect(alone.allSatisfy { $0.states.joined().allSatisfy(\.isFinite) })
        #expect(alone.allSatisfy { ($0.scores != nil) == architecture.hasSuffix("ForSequenceClassification") })
        #expect(driver.outputs(texts) == alone)
        #expect(driver.outputs(texts.reversed()) == alone.reversed())
        #expect(driver.outputs([texts[3], texts[0], texts[3]]) == [alone[3], alone[0], alone[3]])
    }

    @Test(arguments: architectures, LinearFormat.allCases)
    func `They are the same bits with any number of threads and any instruction set`(
        architecture: String, format: LinearFormat
    ) throws {
        let config = try config(architecture)
        let texts = texts([40, 3, 150])
        func outputs(_ features: CPUFeatures, threads: Int) throws -> [EncoderDriver.Output] {
            let compute = Compute(features: features, threads: threads)
            return try EncoderDriver(config: config, format: format, compute: compute).outputs(texts)
        }
        let wanted = try outputs(.scalar, threads: 1)
        for features in CPUFeatures.allCases where features.isAvailable {
            for threads in [1, 3] { #expect(try outputs(features, threads: threads) == wanted) }
        }
    }

    @Test func `An encoder has no cache and no tied embedding`() throws {
        for architecture in Architectures.all where architecture.isEncoder {
            let file = try ConfigFile(bytes: Array(architecture.tinyConfig.utf8), path: "config.json")
            let description = try architecture.describe(file)
            #expect(description.cacheLayout.groups.isEmpty)
            #expect(description.dimensions.tiedEmbedding == false)
        }
    }

    @Test func `Positions that RoBERTa keeps for padding are no room for text`() throws {
        let roberta = try #require(Architectures.all.first { $0.name == "RobertaModel" })
        let file = try ConfigFile(bytes: Array(roberta.tinyConfig.utf8), path: "config.json")
        #expect(try roberta.describe(file).dimensions.maxPositions == 510)
    }

    static let refusals: [(architecture: String, members: String, words: [String])] = [
        ("BertModel", #""position_embedding_type": "relative_key""#, ["position_embedding_type", "absolute"]),
        ("BertModel", #""is_decoder": true"#, ["is_decoder", "true"]),
        ("BertModel", #""hidden_act": "mish""#, ["hidden_act", "'mish'", "gelu"]),
        ("BertForSequenceClassification", #""num_labels": 0"#, ["num_labels", "0"]),
        ("RobertaModel", #""pad_token_id": 511"#, ["pad_token_id", "511"]),
        ("ModernBertModel", #""layer_types": ["full_attention"]"#, ["layer_types", "num_hidden_layers, 2"]),
        (
            "ModernBertForSequenceClassification", #""classifier_pooling": "max""#,
            ["classifier_pooling", "'max'", "cls"]
        ),
        ("NomicBertModel", #""rotary_scaling_factor": 2"#, ["rotary_scaling_factor", "2"]),
        ("NomicBertModel", #""prenorm": true"#, ["prenorm", "true"]),
        ("NomicBertModel", #""activation_function": "geglu""#, ["activation_function", "'geglu'", "swiglu"]),
    ]

    @Test(arguments: refusals.indices)
    func `What an encoder cannot run is refused with the key and the value`(index: Int) throws {
        let (architecture, members, words) = EncoderInvarianceTests.refusals[index]
        let text = try config(architecture).replacingOccurrences(
            of: "\"vocab_size\"", with: "\(members), \"vocab_size\"")
        let file = try ConfigFile(bytes: Array(text.utf8), path: "config.json")
        let error = try #require(throws: ModelError.self) { try Architectures.architecture(file).describe(file) }
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
        #expect(!error.message.contains("\n"))
    }

    @Test func `A classifier has as many labels as the config names, or two`() throws {
        func labels(_ members: String) throws -> Int? {
            let text = try config("BertForSequenceClassification").replacingOccurrences(
                of: "\"vocab_size\"", with: "\(members)\"vocab_size\"")
            let file = try ConfigFile(bytes: Array(text.utf8), path: "config.json")
            return try Architectures.architecture(file).describe(file).labels
        }
        #expect(try labels("") == 2)
        #expect(try labels(#""id2label": {"0": "LABEL_0"}, "#) == 1)
        #expect(try labels(#""num_labels": 3, "#) == 3)
    }

    @Test func `What makes text is not loaded as an encoder, nor an encoder as what makes text`() throws {
        let compute = Compute(threads: 1)
        func file(_ name: String) throws -> ConfigFile {
            try ConfigFile(bytes: Array(config(name).utf8), path: "config.json")
        }
        let (bert, llama) = (try file("BertModel"), try file("LlamaForCausalLM"))
        let generates = #expect(throws: ModelError.self) {
            try Architectures.load(bert, DummyTensors(bert), on: compute)
        }
        #expect(generates?.message.contains("BertModel is an encoder") == true)
        let embeds = #expect(throws: ModelError.self) {
            try Architectures.loadEncoder(llama, DummyTensors(llama), on: compute)
        }
        #expect(embeds?.message.contains("LlamaForCausalLM is a decoder") == true)
    }
}

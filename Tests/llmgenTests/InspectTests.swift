import Foundation
import LLMTestSupport
import Testing

@Suite struct InspectTests {
    @Test(arguments: [
        [], [Command.fairytale], ["fairytale-6m"], [Command.fairytale + "/model.safetensors"],
    ])
    func `inspect says what a checkpoint is`(arguments: [String]) throws {
        let run = try Command.run(["inspect"] + arguments)
        #expect(run.status == 0 && run.stderr == "")
        let lines = run.stdout.split(separator: "\n").map(String.init)
        let facts: [(String, String)] = [
            ("model", "fairytale-6m"), ("architecture", "LlamaForCausalLM"), ("layers", "6"), ("hidden size", "256"),
            ("heads", "8 query, 4 key/value, of 32"), ("vocabulary", "4096"), ("context", "1024 tokens"),
            ("KV cache", "6144 bytes a token"), ("parameters", "5770496"), ("weights", "11540992 bytes"),
            ("tokenizer", "SentencePiece"),
        ]
        for (name, value) in facts {
            let line = try #require(lines.first { $0.hasPrefix(name) }, "\(name)")
            #expect(line.contains(value), "\(line)")
        }
        #expect(run.stdout.contains("BF16: 56 tensors"))
    }

    @Test(arguments: ["llama-f16-f16", "llama-f16-f16.gguf"])
    func `A GGUF file in a folder of models is found by its name`(name: String) throws {
        let models = Paths.fixtures.appending(path: "models/gguf").path
        let run = try Command.shell("LLMGEN_MODELS='\(models)' \"$LLMGEN\" inspect \(name)")
        #expect(run.status == 0 && run.stdout.contains("llama-f16-f16.gguf"), "\(run.stderr)")
    }

    @Test func `inspect says which types are widened as they are loaded`() throws {
        let run = try Command.run(["inspect", Paths.fixtures.appending(path: "weights/blocks.gguf").path])
        let lines = run.stdout.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
        func line(_ type: String) throws -> Substring { try #require(lines.first { $0.hasPrefix("\(type): ") }) }
        for type in ["Q4_K", "Q6_K", "MXFP4", "Q8_0", "F32"] { #expect(try !line(type).contains("widened"), "\(type)") }
        #expect(try line("IQ2_XXS").hasSuffix("widened to float32 as it is loaded"))
        #expect(try line("Q3_K").hasSuffix("widened to q6_k as it is loaded"))
    }

    @Test func `inspect shows how a folder is quantized`() throws {
        let folder = Paths.fixtures.appending(path: "models/quantized/awq").path
        let run = try Command.run(["inspect", folder])
        #expect(run.status == 0 && run.stdout.contains("quantized     awq, 4 bits, groups of 32, with zeros\n"))
        let json = try Command.run(["inspect", folder, "--json"])
        #expect(json.stdout.contains(#""quantization":{"bits":[4],"#) && json.stdout.contains(#""method":"awq""#))
    }

    @Test func `inspect shows how a model embeds and scores, and what is wrong with the files that say it`() throws {
        func run(_ name: String, _ arguments: [String] = []) throws -> String {
            let run = try Command.run(
                ["inspect", Paths.fixtures.appending(path: "embeddings/\(name)").path] + arguments)
            #expect(run.status == 0 && run.stderr == "")
            return run.stdout
        }
        let embedding = try run("qwen3-embedding")
        #expect(embedding.contains("embeddings    pooling last, scaled to length 1, 32 elements"))
        #expect(embedding.contains(#"prompt        query: "Instruct: Find the tale\nQuery:""#))
        #expect(try run("bert-reranker").contains("reranker      one label, Sigmoid, pairs written as: joined\n"))
        #expect(try run("logit-score", ["--json"]).contains(#""writing":"chat template""#))
        let copy = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Paths.fixtures.appending(path: "embeddings/bert-embedding"), to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        try FileManager.default.removeItem(at: copy.appending(path: "1_Pooling/config.json"))
        let broken = try Command.run(["inspect", copy.path])
        #expect(broken.status == 0)
        let line = broken.stdout.split(separator: "\n").first { $0.hasPrefix("unsupported") }
        #expect(line?.contains("modules.json") == true)
        let json = try Command.run(["inspect", copy.path, "--json"])
        #expect(json.status == 0 && json.stdout.contains(#""unsupported_parts":["#))
    }

    @Test func `inspect --json says the same as one object`() throws {
        struct Inspection: Decodable {
            struct Sizes: Decodable {
                let layers, hidden_size, heads, kv_heads, head_dim, vocabulary_size, max_positions: Int
                let kv_bytes_per_token: Int
                let kv_layers: [CachedLayers]
                let tied_embedding: Bool
            }
            struct CachedLayers: Decodable {
                let layers, elements_per_token: Int
                let window: Int?
            }
            struct StoredType: Decodable {
                let dtype: String
                let tensors, parameters, bytes: Int
            }
            let name: String
            let architectures, files: [String]
            let sizes: Sizes
            let types: [StoredType]
            let parameters, bytes: Int
            let has_tokenizer: Bool
        }
        let run = try Command.run("inspect", "--json")
        #expect(run.status == 0 && run.stdout.count { $0.isNewline } == 1)
        let inspection = try JSONDecoder().decode(Inspection.self, from: Data(run.stdout.utf8))
        #expect(inspection.name == "fairytale-6m" && inspection.architectures == ["LlamaForCausalLM"])
        #expect(inspection.sizes.layers == 6 && inspection.sizes.kv_heads == 4 && inspection.sizes.tied_embedding)
        #expect(inspection.sizes.kv_layers.map(\.elements_per_token) == [256])
        #expect(inspection.types.map(\.dtype) == ["BF16"] && inspection.types[0].bytes == inspection.bytes)
        #expect(inspection.has_tokenizer)
    }

    @Test func `A model without a tokenizer is said to have none`() throws {
        #expect(try Command.run("inspect", Command.tiny).stdout.contains("none"))
    }

    @Test func `inspect says what a GGUF file is`() throws {
        let path = Paths.fixtures.appending(path: "weights/values.gguf").path
        let run = try Command.run("inspect", path)
        #expect(run.status == 0 && run.stderr == "")
        for line in [
            "model         values.gguf", "format        GGUF version 3", "architecture  llama", "metadata      30 keys",
            "tokenizer     llama (9 tokens)", "weights       3722 bytes (3.6 KiB) in 7 tensors",
            "Q4_K: 1 tensors, 512 parameters, 288 bytes", "file          5568 bytes",
        ] {
            #expect(run.stdout.contains(line), "\(run.stdout)")
        }
        struct Inspection: Decodable {
            let name, format, architecture, tokenizer_model: String
            let version, metadata_keys, vocabulary_size, tensors, bytes, file_bytes: Int
        }
        let json = try Command.run("inspect", path, "--json").stdout
        let inspection = try JSONDecoder().decode(Inspection.self, from: Data(json.utf8))
        #expect(inspection.format == "GGUF" && inspection.version == 3 && inspection.metadata_keys == 30)
        #expect(inspection.tokenizer_model == "llama" && inspection.vocabulary_size == 9 && inspection.tensors == 7)
    }

    @Test func `A GGUF file without the model's sizes cannot be run, and says what is missing`()
        throws
    {
        let path = Paths.fixtures.appending(path: "weights/values.gguf").path
        try Command.run("generate", "A cat", "--model", path).expectError(
            65, ["values.gguf", "'llama.", "missing"])
    }

    @Test func `inspect says what the model of a GGUF file is`() throws {
        let run = try Command.run(
            "inspect", Paths.fixtures.appending(path: "models/gguf/llama-mixed.gguf").path)
        #expect(run.status == 0 && run.stderr == "")
        for line in [
            "architecture  llama, LlamaForCausalLM", "layers        3",
            "heads         4 query, 2 key/value, of 16",
            "vocabulary    320", "Q4_0:", "Q4_1:", "Q5_0:", "Q5_1:", "Q8_0:", "tokenizer     none",
        ] {
            #expect(run.stdout.contains(line), "\(run.stdout)")
        }
    }

    @Test func `generate runs a GGUF file`() throws {
        let path = Paths.fixtures.appending(path: "models/gguf/qwen2-q8_0.gguf").path
        let run = try Command.run(
            "generate", "--model", path, "--prompt-token-ids", "1,2,3", "--max-tokens", "3", "--json")
        #expect(run.status == 0 && run.stdout.contains(#""compute_dtype":"int8""#), "\(run)")
    }

    @Test func `inspect of a damaged GGUF file is an error`() throws {
        try ModelFolder.with { folder in
            let file = folder.appending(path: "short.gguf")
            try Data("GGUF\u{3}".utf8).write(to: file)
            try Command.run("inspect", file.path).expectError(65, ["short.gguf", "a version"])
        }
    }

    @Test func `inspect of a damaged checkpoint is an error`() throws {
        try ModelFolder.with { folder in
            try Data("no weights".utf8).write(to: folder.appending(path: "model.safetensors"))
            try Command.run("inspect", folder.path).expectError(65, ["model.safetensors"])
        }
    }

    @Test func `inspect of an architecture that is not supported says so`() throws {
        try ModelFolder.with { folder in
            try Data(#"{"architectures": ["ParrotForCausalLM"]}"#.utf8).write(to: folder.appending(path: "config.json"))
            let run = try Command.run("inspect", folder.path)
            #expect(run.status == 0 && run.stdout.contains("ParrotForCausalLM") && run.stdout.contains("not supported"))
        }
    }
}

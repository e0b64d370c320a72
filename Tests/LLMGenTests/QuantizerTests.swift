import Foundation
import LLMGen
import LLMTestSupport
import LLMWeights
import Testing

@Suite struct QuantizerTests {
    static let models = Paths.fixtures.appending(path: "models")
    /// Folders that a GGUF file can say.
    static let folders = [
        "llama", "llama-bias", "llama-f16", "llama-gqa", "llama-linear-rope", "llama-sharded", "llama-tied-bf16",
        "llama3-rope", "mistral-window", "qwen2", "qwen3", "qwen3-tied", "mixtral", "gemma", "olmo", "olmo2",
        "phi", "phi3", "gpt-neox", "stablelm", "stablelm-parallel", "granite", "cohere", "cohere2", "glm", "glm4",
    ]

    static func mix(_ name: String) throws -> QuantizationMix {
        try #require(QuantizationMix.all.first { $0.description == name })
    }

    /// Writes a model and calls `body` with the file.
    private func write(
        _ model: String, _ mix: String, _ body: (_ file: String, QuantizationReport) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "model.gguf").path
        try await body(file, try Quantizer(Self.mix(mix)).write(model, to: file))
    }

    @Test(arguments: folders)
    func `A float32 file gives the bits of the folder it is made of`(name: String) async throws {
        try await checkFloat32(folder: Self.models.appending(path: name).path)
    }

    @Test(arguments: ["gemma2", "olmoe", "starcoder2"])
    func `A float32 file gives the bits of a folder with the config of a converter's file`(name: String) async throws {
        try await checkFloat32(converted: name) { $0 }
    }

    @Test(arguments: ["olmoe"], ["num_experts", "num_local_experts"])
    func `Experts are written whichever key counts them`(model: String, key: String) async throws {
        try await checkFloat32(converted: model) { config in
            let text = config.replacing("\"num_experts\"", with: "\"num_local_experts\"")
                .replacing("\"num_local_experts\"", with: "\"\(key)\"")
            #expect(text.contains("\"\(key)\": 6"))
            return text
        }
    }

    /// Checks the file of a fixture's weights under the config that its converted file stands for.
    ///
    /// - Parameter change: of the config's text.
    private func checkFloat32(converted name: String, _ change: (_ config: String) -> String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Self.models.appending(path: name), to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let config = try String(
            contentsOf: Self.models.appending(path: "gguf/converted/\(name).json"), encoding: .utf8)
        try Data(change(config).utf8).write(to: folder.appending(path: "config.json"))
        try await checkFloat32(folder: folder.path)
    }

    /// Checks that a folder's float32 file gives the bits of the folder.
    private func checkFloat32(folder: String) async throws {
        try await write(folder, "F32") { file, report in
            let options = LoadOptions(computeDtype: .float32)
            let (one, two) = (
                try await LanguageModel.load(folder, options), try await LanguageModel.load(file, options)
            )
            #expect(one.maxPositions == two.maxPositions && one.eosTokens == two.eosTokens)
            #expect(one.architectureName == two.architectureName)
            #expect(try await results(of: one) == results(of: two))
            #expect(report.kinds.allSatisfy { $0.error == 0 && $0.types == ["F32"] })
        }
    }

    @Test(arguments: ["F16", "BF16", "Q8_0", "Q4_0"], ["llama", "qwen3-tied"])
    func `Other types load, with errors that are told`(type: String, name: String) async throws {
        try await write(Self.models.appending(path: name).path, type) { file, report in
            let model = try await LanguageModel.load(file)
            #expect(try await !results(of: model).isEmpty)
            #expect(report.kinds.filter { $0.name != "vectors" }.allSatisfy { 0..<0.2 ~= $0.error })
            #expect(report.bitsPerWeight < (type.hasPrefix("Q") && name == "llama" ? 14 : 17))
        }
    }

    @Test(arguments: ["qwen2-window", "gemma2", "deepseek-v2", "smollm3", "gpt-oss", "starcoder2", "olmoe"])
    func `What a GGUF file cannot say is an error by name`(name: String) throws {
        try Paths.withTemporaryFolder { folder in
            let error = try #require(throws: LLMGenError.self) {
                try Quantizer(Self.mix("F32")).write(
                    Self.models.appending(path: name).path, to: folder.appending(path: "a.gguf").path)
            }
            #expect(error.code == .invalidInput && error.message.contains("GGUF") && error.message.contains(name))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }
    }

    @Test(arguments: ["gpt2", "qwen2-moe", "deepseek-v2", "gpt-oss", "llama4"])
    func `Files of converters are written anew, whatever they are of`(name: String) async throws {
        let converted = Self.models.appending(path: "gguf/converted/\(name).gguf").path
        try await write(converted, "F32") { file, _ in
            let options = LoadOptions(computeDtype: .float32)
            let (one, two) = (
                try await LanguageModel.load(converted, options), try await LanguageModel.load(file, options)
            )
            #expect(try await results(of: one) == results(of: two))
        }
    }

    @Test func `Layers that are not wired as Llama's have no channels to scale`() throws {
        try Paths.withTemporaryFolder { folder in
            var quantizer = Quantizer(try Self.mix("Q4_0"))
            quantizer.rounding = .awq
            quantizer.calibration = try Calibration(text: "a text")
            let error = try #require(throws: LLMGenError.self) {
                try quantizer.write(
                    Self.models.appending(path: "phi").path, to: folder.appending(path: "a.gguf").path)
            }
            #expect(error.code == .invalidArgument && error.message.contains("phi2"), "\(error)")
        }
    }

    @Test func `The bundled model keeps its tokens, its template, its sampling and its text`() async throws {
        try await write(Paths.fairytale.path, "Q8_0") { file, _ in
            let (one, two) = (try ModelTokenizer(Paths.fairytale.path), try ModelTokenizer(file))
            for text in ["Once upon a time", "  two  spaces\n\nand é 你好 🙂 </s>", "x"] {
                #expect(try one.encode(text) == two.encode(text))
            }
            let (folder, model) = (
                try await LanguageModel.load(Paths.fairytale.path), try await LanguageModel.load(file)
            )
            #expect(folder.eosTokens == model.eosTokens)
            #expect(abs((model.samplingDefaults.temperature ?? 0) - 0.7) < 1e-6)
            let input = ChatTemplateInput(messages: [
                .object([.init("role", .string("user")), .init("content", .string("Hi"))])
            ])
            #expect(try folder.chatFormat.text(of: input) == model.chatFormat.text(of: input))
        }
    }

    @Test func `A file made of a file has its metadata and its tensors, also where they were split`() async throws {
        let split = Self.models.appending(path: "gguf/llama-tied-bf16-split-00002-of-00002.gguf").path
        try await write(split, "BF16") { path, _ in
            let (one, two) = (try GGUFFile(path: split), try GGUFFile(path: path))
            let own: Set = ["general.file_type", "general.quantization_version"]
            let kept = one.metadata.keys.filter { !own.contains($0) && !$0.hasPrefix("split.") }
            #expect(two.metadata.keys.filter { !own.contains($0) } == kept && two.files.count == 1)
            #expect(two.tensors == one.tensors)
            for name in one.names {
                #expect(try one.tensor(named: name).floats() == two.tensor(named: name).floats())
            }
        }
    }

    @Test func `Overrides count where they match, and must match`() throws {
        try Paths.withTemporaryFolder { folder in
            let path = folder.appending(path: "a.gguf").path
            var quantizer = Quantizer(try Self.mix("Q8_0"))
            let (wide, narrow) = (
                try #require(Quantizer.dtype(named: "F16")), try #require(Quantizer.dtype(named: "Q4_0"))
            )
            quantizer.overrides = [("blk.*.attn_v.weight", wide), ("blk.1.attn_*", narrow)]
            _ = try quantizer.write(Self.models.appending(path: "llama").path, to: path)
            let file = try GGUFFile(path: path)
            #expect(file.info(named: "blk.0.attn_v.weight")?.dtypeName == "F16")
            #expect(file.info(named: "blk.1.attn_v.weight")?.dtypeName == "Q4_0")
            #expect(file.info(named: "blk.1.attn_norm.weight")?.dtypeName == "F32")
            quantizer.overrides = [("nothing", wide)]
            quantizer.replaces = true
            let error = try #require(throws: LLMGenError.self) {
                try quantizer.write(Self.models.appending(path: "llama").path, to: path)
            }
            #expect(error.code == .invalidArgument && error.message.contains("nothing=F16"))
        }
    }

    /// How a model predicts the beginning of the validation text.
    private func perplexity(_ model: String) async throws -> Double {
        let text = try String(
            contentsOf: Paths.root.appending(path: "Benchmarks/data/validation.txt"), encoding: .utf8)
        var options = EngineOptions()
        options.prefixCaching = false
        let engine = try Engine(model: try await LanguageModel.load(model), options: options)
        return try await Perplexity(window: 128, stride: 64).measure(String(text.prefix(12_000)), engine).perplexity
    }

    @Test(arguments: Rounding.allCases)
    func `Each rounding of a calibrated model keeps what it predicts`(rounding: Rounding) async throws {
        let original = try await perplexity(Paths.fairytale.path)
        let text = try String(
            contentsOf: Paths.root.appending(path: "Benchmarks/data/validation.txt"), encoding: .utf8)
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "a.gguf").path
        var quantizer = Quantizer(try Self.mix("Q4_0"))
        quantizer.rounding = rounding
        quantizer.calibration = try Calibration(text: String(text.suffix(40_000)), tokens: 3000)
        var stages: Set<Quantizer.Progress.Stage> = []
        _ = try quantizer.write(Paths.fairytale.path, to: path) { stages.insert($0.stage) }
        #expect(stages == (rounding == .awq ? [.reading, .scaling, .writing] : [.reading, .writing]))
        let rounded = try await perplexity(path)
        #expect(rounded < 1.03 * original, "\(rounding): \(rounded), was \(original)")
        // AWQ moves scales into norms and rows; the others leave the vectors alone.
        let norm = try GGUFFile(path: path).tensor(named: "blk.0.attn_norm.weight").floats()
        let stored = try SafetensorsFile(path: Paths.fairytale.appending(path: "model.safetensors").path)
            .tensor(named: "model.layers.0.input_layernorm.weight").floats()
        #expect((norm == stored) == (rounding != .awq))
    }

    @Test func `A calibration needs a text and a tokenizer, and some roundings need a calibration`() throws {
        try Paths.withTemporaryFolder { folder in
            let (path, model) = (folder.appending(path: "a.gguf").path, Self.models.appending(path: "llama").path)
            var quantizer = Quantizer(try Self.mix("Q4_0"))
            quantizer.rounding = .gptq
            let missing = try #require(throws: LLMGenError.self) { try quantizer.write(model, to: path) }
            #expect(missing.code == .invalidArgument && missing.message.contains("gptq"))
            #expect(throws: LLMGenError.self) { try Calibration(text: "a", tokens: 0) }
            quantizer.calibration = try Calibration(text: "Once upon a time")
            let untold = try #require(throws: LLMGenError.self) { try quantizer.write(model, to: path) }
            #expect(untold.code == .invalidInput && untold.message.contains("tokenizer"))
            #expect(throws: LLMGenError.self) { try Calibration(text: "") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }
    }

    @Test func `A file that is there is refused, and one that ends early leaves nothing`() throws {
        try Paths.withTemporaryFolder { folder in
            let (path, model) = (folder.appending(path: "a.gguf").path, Self.models.appending(path: "llama").path)
            let quantizer = Quantizer(try Self.mix("F16"))
            #expect(throws: CancellationError.self) {
                try quantizer.write(model, to: path) { if $0.parts.done > 0 { throw CancellationError() } }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
            _ = try quantizer.write(model, to: path)
            let error = try #require(throws: LLMGenError.self) { try quantizer.write(model, to: path) }
            #expect(error.code == .invalidArgument && error.message.contains(path))
            var forced = quantizer
            forced.replaces = true
            let own = try #require(throws: LLMGenError.self) { try forced.write(path, to: path) }
            #expect(own.code == .invalidArgument && own.message.contains("another name"))
        }
    }

    /// Tokens and log probabilities, of prompts too.
    private func results(of model: LanguageModel) async throws -> [String] {
        let engine = try Engine(model: model)
        let prompts: [Prompt] = [.tokenIDs([1, 17, 42, 99, 5]), .tokenIDs((0..<40).map { TokenID($0 * 3 % 150) })]
        let parameters = try SamplingParameters(
            temperature: 0, ignoreEOS: true, maxTokens: 12, logprobs: 3, promptLogprobs: 2)
        return try await engine.generate(prompts, parameters).map {
            "\($0.outputs[0].tokenIDs) \($0.outputs[0].logprobs ?? []) \($0.promptLogprobs ?? [])"
        }
    }
}

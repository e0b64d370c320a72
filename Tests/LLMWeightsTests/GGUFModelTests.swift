import Foundation
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// A GGUF file in the hub's terms.
@Suite struct GGUFModelTests {
    private static func number(_ key: String, _ value: UInt32) -> [UInt8] {
        GGUF.value(key, .uint32, GGUF.little(value))
    }

    private static func float(_ key: String, _ value: Float) -> [UInt8] {
        GGUF.value(key, .float32, GGUF.little(value.bitPattern))
    }

    /// What the file of a model of 2 heads of 4, one of them for keys, has at least.
    private static func metadata(_ architecture: String = "llama") -> [[UInt8]] {
        [
            GGUF.value("general.architecture", architecture), number("\(architecture).block_count", 1),
            number("\(architecture).context_length", 64), number("\(architecture).embedding_length", 8),
            number("\(architecture).feed_forward_length", 16),
            number("\(architecture).attention.head_count", 2),
            number("\(architecture).attention.head_count_kv", 1),
            float("\(architecture).attention.layer_norm_rms_epsilon", 1e-5),
        ]
    }

    /// An embedding, and q and k whose rows hold their own numbers.
    private static func model(
        _ values: [[UInt8]] = metadata(), factors: [Float] = [], headOutput: Bool = false,
        further: String? = nil
    ) -> GGUF {
        var (tensors, data): ([[UInt8]], [UInt8]) = ([], [])
        func add(_ name: String, _ sizes: [UInt64], _ floats: [Float]) {
            data += Array(repeating: 0, count: (32 - data.count % 32) % 32)
            tensors.append(GGUF.tensor(name, sizes, offset: UInt64(data.count)))
            data += floats.flatMap { GGUF.little($0.bitPattern) }
        }
        add("token_embd.weight", [8, 5], Array(repeating: 1, count: 40))
        add("blk.0.attn_q.weight", [8, 8], (0..<64).map { Float($0 / 8) })
        add("blk.0.attn_k.weight", [8, 4], (0..<32).map { Float($0 / 8) })
        add("blk.0.attn_q.bias", [8], (0..<8).map(Float.init))
        if headOutput { add("output.weight", [8, 5], Array(repeating: 2, count: 40)) }
        if !factors.isEmpty { add("rope_freqs.weight", [UInt64(factors.count)], factors) }
        if let further { add(further, [8], Array(repeating: 0, count: 8)) }
        return GGUF(values: values, tensors: tensors, data: data)
    }

    private func config(_ gguf: GGUF) throws -> [String: Any] {
        try gguf.with { file in
            let json = Data(try GGUFModel(file).config)
            return try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        }
    }

    @Test func `Metadata become the keys of a config`() throws {
        let config = try config(Self.model())
        #expect(config["architectures"] as? [String] == ["LlamaForCausalLM"])
        let numbers = [
            "num_hidden_layers": 1, "max_position_embeddings": 64, "hidden_size": 8,
            "intermediate_size": 16,
            "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 5,
        ]
        for (key, value) in numbers { #expect(config[key] as? Int == value, "\(key)") }
        #expect(config["rms_norm_eps"] as? Double == 1e-5)
        #expect(
            config["tie_word_embeddings"] as? Bool == true && config["attention_bias"] as? Bool == true)
        #expect(config["mlp_bias"] as? Bool == false && config["rope_scaling"] == nil)
        let untied = try self.config(Self.model(headOutput: true))
        #expect(untied["tie_word_embeddings"] as? Bool == false)
    }

    @Test func `A window makes a Mistral, scaling and end tokens go along`() throws {
        let further = [
            Self.number("llama.attention.sliding_window", 32),
            GGUF.value("llama.rope.scaling.type", "linear"),
            Self.float("llama.rope.scaling.factor", 4), Self.number("tokenizer.ggml.eos_token_id", 2),
            Self.number("tokenizer.ggml.eot_token_id", 4), Self.float("llama.rope.freq_base", 500_000),
        ]
        let config = try config(Self.model(Self.metadata() + further))
        #expect(config["architectures"] as? [String] == ["MistralForCausalLM"])
        #expect(config["sliding_window"] as? Int == 32 && config["rope_theta"] as? Double == 500_000)
        #expect(config["eos_token_id"] as? [Int] == [2, 4])
        let scaling = try #require(config["rope_scaling"] as? [String: Any])
        #expect(scaling["rope_type"] as? String == "linear" && scaling["factor"] as? Double == 4)
    }

    @Test func `How texts are pooled is no part of the config`() throws {
        let plain = try config(Self.model(Self.metadata("qwen3")))
        let pooled = try config(Self.model(Self.metadata("qwen3") + [Self.number("qwen3.pooling_type", 3)]))
        #expect(pooled["architectures"] as? [String] == ["Qwen3ForCausalLM"])
        #expect(Set(pooled.keys) == Set(plain.keys))
    }

    @Test func `Factors of Llama 3's frequencies are known again`() throws {
        var values = Self.metadata() + [Self.float("llama.rope.freq_base", 500_000)]
        values += [Self.number("llama.attention.key_length", 8)]
        // Of heads of 8 under Llama 3.1's parameters, as llama.cpp's converter stores them.
        let wavelengths = (0..<4).map { 2 * Double.pi * pow(500_000, Double($0) / 4) }
        let expected = wavelengths.map { wavelength -> Float in
            let smooth = min(max((8192 / wavelength - 1) / 3, 0), 1)
            return Float(1 / ((1 - smooth) / 8 + smooth))
        }
        #expect(expected[0] == 1 && expected[3] == 8)
        let config = try config(Self.model(values, factors: expected))
        let scaling = try #require(config["rope_scaling"] as? [String: Any])
        #expect(scaling["rope_type"] as? String == "llama3" && scaling["factor"] as? Double == 8)
        var other = expected
        other[1] = 3
        let error = try #require(throws: WeightsError.self) {
            try self.config(Self.model(values, factors: other))
        }
        #expect(error.code == .unsupported && error.message.contains("rope_freqs.weight"), "\(error)")
    }

    @Test func `Tensors have the hub's names, and rows of q and k the hub's order`() throws {
        try Self.model().with { file in
            let model = try GGUFModel(file)
            #expect(
                model.names == [
                    "model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight",
                    "model.layers.0.self_attn.k_proj.weight", "model.layers.0.self_attn.q_proj.bias",
                ])
            let q = try model.tensor(named: "model.layers.0.self_attn.q_proj.weight").floats()
            #expect(stride(from: 0, to: 64, by: 8).map { q[$0] } == [0, 2, 1, 3, 4, 6, 5, 7])
            let k = try model.tensor(named: "model.layers.0.self_attn.k_proj.weight").floats()
            #expect(stride(from: 0, to: 32, by: 8).map { k[$0] } == [0, 2, 1, 3])
            let bias = try model.tensor(named: "model.layers.0.self_attn.q_proj.bias").floats()
            #expect(bias == [0, 2, 1, 3, 4, 6, 5, 7])
            model.willNeed("model.embed_tokens.weight")
            #expect(throws: WeightsError.self) { try model.tensor(named: "lm_head.weight") }
        }
        try Self.model(Self.metadata("qwen2")).with { file in
            let q = try GGUFModel(file).tensor(named: "model.layers.0.self_attn.q_proj.bias").floats()
            #expect(q == (0..<8).map(Float.init))
        }
    }

    private static let refusals: [(words: [String], model: GGUF)] = [
        (["'general.architecture' is 'parrot'", "qwen2"], model(metadata("parrot"))),
        (["'llama.block_count' is missing"], model(Array(metadata().prefix(1)))),
        (
            ["'llama.attention.scale'", "not known"],
            model(metadata() + [float("llama.attention.scale", 1)])
        ),
        (
            ["'llama.expert_used_count' is missing"],
            model(metadata() + [number("llama.expert_count", 8)])
        ),
        (
            ["'qwen2.attention.sliding_window' is 8", "0"],
            model(metadata("qwen2") + [number("qwen2.attention.sliding_window", 8)])
        ),
        (
            ["'qwen3.expert_count' is 8", "0"],
            model(metadata("qwen3") + [number("qwen3.expert_count", 8)])
        ),
        (
            ["'gemma2.attention.sliding_window_pattern'", "a list of 1"],
            model(
                metadata("gemma2") + [
                    GGUF.array("gemma2.attention.sliding_window_pattern", 7, count: 0, [])
                ])
        ),
        (
            ["'olmo2.rope.freq_base_swa' is 5", "all layers"],
            model(metadata("olmo2") + [float("olmo2.rope.freq_base_swa", 5)])
        ),
        (
            ["'llama.attention.head_count_kv'", "one number for all layers"],
            model(
                metadata().filter { $0 != number("llama.attention.head_count_kv", 1) } + [
                    GGUF.array(
                        "llama.attention.head_count_kv", 4, count: 2,
                        GGUF.little(UInt32(1)) + GGUF.little(UInt32(2)))
                ])
        ),
        (["'blk.0.attn_qkv.bias'", "does not fit", "2 query heads"], model(further: "blk.0.attn_qkv.bias")),
        (
            ["'llama.attention.value_length' is 6", "4"],
            model(metadata() + [number("llama.attention.value_length", 6)])
        ),
        (
            ["'llama.rope.dimension_count' is 2"],
            model(metadata() + [number("llama.rope.dimension_count", 2)])
        ),
        (
            ["'llama.rope.freq_base' is 'x'"],
            model(metadata() + [GGUF.value("llama.rope.freq_base", "x")])
        ),
        (
            ["'llama.attention.causal' is false"],
            model(metadata() + [GGUF.value("llama.attention.causal", .bool, [0])])
        ),
        (["token_embd.weight"], GGUF(values: metadata())),
        (["'blk.0.attn_sub_norm.weight'", "not known"], model(further: "blk.0.attn_sub_norm.weight")),
    ]

    @Test(arguments: refusals.indices)
    func `What cannot be kept is refused, with the key and its value`(index: Int) throws {
        let (words, model) = Self.refusals[index]
        let error = try #require(throws: WeightsError.self) { try model.with { _ = try GGUFModel($0) } }
        #expect(!error.message.contains("\n"))
        for word in words + ["model.gguf'"] { #expect(error.message.contains(word), "\(error)") }
    }

    @Test func `Rows that are no pairs of heads are refused`() throws {
        let values = Self.metadata().map {
            $0 == Self.number("llama.attention.head_count", 2)
                ? Self.number("llama.attention.head_count", 3) : $0
        }
        let error = try #require(throws: WeightsError.self) { try Self.model(values).with { _ = try GGUFModel($0) } }
        #expect(error.code == .corrupt && error.message.contains("blk.0.attn_q.weight"), "\(error)")
    }

    @Test func `Recommended sampling becomes a generation config`() throws {
        let values = [
            Self.float("general.sampling.temp", 0.5), Self.number("general.sampling.top_k", 20),
            Self.float("general.sampling.penalty_repeat", 1.5),
        ]
        try GGUF(values: values).with { file in
            let json = String(decoding: try GGUFModel.generationConfig(file.metadata), as: UTF8.self)
            #expect(json == #"{"repetition_penalty":1.5,"temperature":0.5,"top_k":20}"#)
        }
        try GGUF().with {
            let empty = try GGUFModel.generationConfig($0.metadata)
            #expect(empty == Array("{}".utf8))
        }
    }

    @Test func `Damaged models open or are refused`() throws {
        let converted = Paths.fixtures.appending(path: "models/gguf/converted")
        var good = [Self.model(Self.metadata(), factors: [1, 1]).bytes]
        for name in try FileManager.default.contentsOfDirectory(atPath: converted.path).sorted()
        where name.hasSuffix(".gguf") {
            good.append(Array(try Data(contentsOf: converted.appending(path: name))))
        }
        let seed =
            UInt64(ProcessInfo.processInfo.environment["LLMGEN_FUZZ_SEED"] ?? "")
            ?? .random(in: 0...UInt64.max)
        let iterations =
            Int(ProcessInfo.processInfo.environment["LLMGEN_FUZZ_ITERATIONS"] ?? "") ?? 5000
        print("fuzz: \(iterations) damaged GGUF models from LLMGEN_FUZZ_SEED=\(seed)")
        let file = try MemoryFile()
        for iteration in 0..<iterations {
            var random = SeededGenerator(seed: seed &+ UInt64(iteration))
            var bytes = good[iteration % good.count]
            // Most of a file is data, in which nothing is wrong.
            let header = min(bytes.count, 4000)
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<header, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try file.write(bytes)
            let message = GGUFModelTests.refusal(of: file.path)?.message ?? ""
            #expect(!message.contains("\n"), "seed \(seed), iteration \(iteration)")
        }
    }

    /// Reads a model's tensors; why it cannot be opened, or nil.
    private static func refusal(of path: String) -> WeightsError? {
        do throws(WeightsError) {
            let model = try GGUFModel(GGUFFile(path: path))
            for name in model.names { _ = try? model.tensor(named: name).floats() }
            return nil
        } catch {
            return error
        }
    }
}

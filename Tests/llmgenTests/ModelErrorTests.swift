import Foundation
import LLMTestSupport
import Testing

@Suite struct ModelErrorTests {
    /// A damage to a model's folder, and what the one line about it says.
    struct Damage: CustomTestStringConvertible {
        let testDescription: String
        let code: Int32
        let words: [String]
        let apply: @Sendable (URL) throws -> Void

        init(
            _ description: String, _ code: Int32, _ words: [String], _ apply: @escaping @Sendable (URL) throws -> Void
        ) {
            (testDescription, self.code, self.words, self.apply) = (description, code, words, apply)
        }

        /// One file replaced, or removed where there are no contents.
        init(_ description: String, _ file: String, _ contents: Data?, _ code: Int32, _ words: [String] = []) {
            self.init(description, code, [file] + words) { folder in
                let url = folder.appending(path: file)
                if let contents { try contents.write(to: url) } else { try FileManager.default.removeItem(at: url) }
            }
        }

        /// A config with one key set, or removed where there is no value.
        static func key(_ key: String, _ value: (any Sendable)?, _ code: Int32, _ words: [String] = []) -> Damage {
            Damage("config with \(key) \(value.map { "\($0)" } ?? "missing")", code, ["config.json"] + words) {
                let url = $0.appending(path: "config.json")
                let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
                guard var config = object as? [String: Any] else { throw CocoaError(.coderInvalidValue) }
                config[key] = value
                try JSONSerialization.data(withJSONObject: config).write(to: url)
            }
        }

        /// The weights cut off after some bytes.
        static func cut(_ bytes: Int) -> Damage {
            Damage("weights cut off after \(bytes) bytes", 65, ["model.safetensors"]) { folder in
                let url = folder.appending(path: "model.safetensors")
                try Data(contentsOf: url).prefix(bytes).write(to: url)
            }
        }
    }

    static let damages: [Damage] = [
        Damage("no config", "config.json", nil, 66),
        Damage("empty config", "config.json", Data(), 65),
        Damage("config that is no JSON", "config.json", Data("{\"hidden_size\": ".utf8), 65, ["JSON"]),
        Damage("config that is a list", "config.json", Data("[]".utf8), 65),
        .key("hidden_size", nil, 65, ["hidden_size", "missing"]),
        .key("num_hidden_layers", nil, 65, ["num_hidden_layers", "missing"]),
        .key("hidden_size", 65, 65, ["[320, 64]", "[320, 65]"]),
        .key("hidden_size", -1, 65, ["hidden_size", "-1"]),
        .key("hidden_size", "wide", 65, ["hidden_size", "wide"]),
        .key("num_hidden_layers", 1 << 40, 65, ["num_hidden_layers", "\(1 << 40)"]),
        .key("vocab_size", 321, 65, ["[320, 64]", "[321, 64]"]),
        .key("architectures", ["ParrotForCausalLM"], 65, ["ParrotForCausalLM"]),
        Damage("no weights", 66, ["model.safetensors"]) {
            try FileManager.default.removeItem(at: $0.appending(path: "model.safetensors"))
        },
        .cut(0), .cut(7), .cut(100), .cut(300_000), .cut(574_215),
        Damage("random weights", "model.safetensors", Data(repeating: 0xA5, count: 4096), 65),
        Damage("corrupt tokenizer", "tokenizer.model", Data("not a tokenizer".utf8), 65),
        Damage("empty tokenizer", "tokenizer.model", Data(), 65),
        Damage("corrupt generation config", "generation_config.json", Data("{".utf8), 65),
        Damage(
            "generation config out of range", "generation_config.json", Data("{\"top_p\": 7}".utf8), 65, ["top_p", "7"]),
        Damage(
            "generation config of a wrong type", "generation_config.json", Data("{\"eos_token_id\": \"x\"}".utf8), 65,
            ["eos_token_id", "x"]),
    ]

    @Test(arguments: damages)
    func `A damaged model is refused with the file's name and what is wrong`(damage: Damage) throws {
        try ModelFolder.with { folder in
            try damage.apply(folder)
            try Command.run("generate", "--model", folder.path, "--prompt-token-ids", "1,2")
                .expectError(damage.code, damage.words)
        }
    }

    @Test(arguments: ["/no/such/folder", "no-such-model", ""])
    func `A model that is not there is named`(model: String) throws {
        try Command.run("generate", "x", "--model", model).expectError(66, ["'\(model)'"])
        try Command.run("inspect", model).expectError(66, ["'\(model)'"])
    }

    @Test func `A folder without a model in it says what is missing`() throws {
        try Paths.withTemporaryFolder { folder in
            try Command.run("generate", "x", "--model", folder.path).expectError(66, [folder.path, "config.json"])
        }
    }
}

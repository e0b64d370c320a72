import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

@Suite("A tokenizer's configuration")
struct TokenizerConfigurationTests {
    @Test("is not needed: the model's own control pieces then are BOS and EOS")
    func isOptional() throws {
        let bare = try tokenizer("fairytale-6m", configuration: nil)
        #expect(bare.bosToken == 1)
        #expect(bare.eosTokens == [2])
        #expect(bare.addsBOS)
        #expect(!bare.addsEOS)
        #expect(try bare.encode("Once upon a time") == [1, 2428, 700, 261, 529])
        let withoutBOS = try tokenizer("bpe-plain", configuration: nil)
        #expect(withoutBOS.bosToken == nil)
        #expect(!withoutBOS.addsBOS)
    }

    @Test(
        "says whether BOS and EOS go around a text",
        arguments: [
            (#"{}"#, [1, 2428]),
            (#"{"add_bos_token": false}"#, [2428]),
            (#"{"add_eos_token": true}"#, [1, 2428, 2]),
            (#"{"add_bos_token": false, "add_eos_token": true}"#, [2428, 2]),
            (#"{"bos_token": "</s>", "eos_token": {"content": "<s>"}, "add_eos_token": true}"#, [2, 2428, 1]),
            (#"{"bos_token": null}"#, [2428]),
            (#"{"add_bos_token": null, "eos_token": null}"#, [1, 2428]),
        ] as [(String, [TokenID])])
    func setsBOSAndEOS(json: String, expected: [TokenID]) throws {
        let tokenizer = try tokenizer("fairytale-6m", configuration: json)
        #expect(try tokenizer.encode("Once") == expected)
        #expect(try tokenizer.encode("Once", addSpecialTokens: false) == [2428])
    }

    @Test("turns the prefix space off, for encoding and for decoding")
    func setsPrefixSpace() throws {
        let tokenizer = try tokenizer("fairytale-6m", configuration: #"{"add_prefix_space": false}"#)
        let ids = try tokenizer.encode(" there", addSpecialTokens: false)
        #expect(ids == [442])
        #expect(tokenizer.decodingRules.leadingSpace == .keep)
        #expect(tokenizer.decode(ids) == " there")
    }

    @Test("adds tokens past the vocabulary, which are found in a text and spelled in a decoded one")
    func addsTokens() throws {
        let json = """
            {"added_tokens_decoder": {
                "4096": {"content": "<|user|>", "special": true, "rstrip": true},
                "4098": {"content": "<|use", "special": false},
                "4099": {"content": "cat", "special": false, "single_word": true},
                "4100": {"content": "<|end|>", "special": true, "lstrip": true}}}
            """
        let tokenizer = try tokenizer("fairytale-6m", configuration: json)
        #expect(tokenizer.vocabularySize == 4101)
        let there: [TokenID] = [442]
        #expect(try tokenizer.encode("<|user|> \n there", addSpecialTokens: false).first == 4096)
        #expect(
            try tokenizer.encode("<|user|> \n there", addSpecialTokens: false)
                == tokenizer.encode("<|user|>there", addSpecialTokens: false))
        #expect(try tokenizer.encode(" there<|use", addSpecialTokens: false).last == 4098)
        #expect(try tokenizer.encode("there \t<|end|>", addSpecialTokens: false) == there + [4100])
        #expect(try tokenizer.encode("cat", addSpecialTokens: false) == [4099])
        #expect(try !tokenizer.encode("cats concat", addSpecialTokens: false).contains(4099))
        #expect(tokenizer.decode([4096, 4098, 442, 4097]) == "<|use there")
        #expect(tokenizer.decode([4096, 442], skipSpecialTokens: false) == "<|user|> there")
        #expect(tokenizer.isSpecial(4096))
        #expect(!tokenizer.isSpecial(4098))
        #expect(tokenizer.piece(4096) == "<|user|>")
        #expect(tokenizer.piece(4097) == nil)
    }

    @Test("finds added tokens in the older file too, and lets them end a text")
    func readsAddedTokensFile() throws {
        let tokenizer = try tokenizer(
            "fairytale-6m", configuration: #"{"eos_token": "<|im_end|>", "add_eos_token": true}"#,
            added: #"{"<|im_end|>": 4096}"#)
        #expect(tokenizer.eosTokens == [4096])
        #expect(try tokenizer.encode("there") == [1, 442, 4096])
    }

    @Test("ignores what it does not know, however large its numbers")
    func ignoresOtherFields() throws {
        let json = #"{"model_max_length": 1000000000000000019884624838656, "x": [{"y": null}], "z": -1e999}"#
        #expect(try tokenizer("fairytale-6m", configuration: json).encode("there") == [1, 442])
    }

    @Test(
        "is refused where it is damaged or contradicts the vocabulary, with the field and the reason",
        arguments: [
            ("", "tokenizer_config.json"),
            ("{", "tokenizer_config.json"),
            ("[]", "tokenizer_config.json"),
            ("\u{0}\u{1}", "tokenizer_config.json"),
            (String(repeating: "[", count: 100_000), "tokenizer_config.json"),
            (#"{"legacy": false, "x": "\#(String(repeating: "{", count: 10))"#, "tokenizer_config.json"),
            (#"{"add_bos_token": "yes"}"#, "add_bos_token"),
            (#"{"bos_token": 7}"#, "bos_token"),
            (#"{"bos_token": "<nowhere>"}"#, "bos_token \"<nowhere>\""),
            (#"{"eos_token": "<nowhere>"}"#, "eos_token \"<nowhere>\""),
            (#"{"bos_token": null, "add_bos_token": true}"#, "add_bos_token is true"),
            (#"{"eos_token": null, "add_eos_token": true}"#, "add_eos_token is true"),
            (#"{"added_tokens_decoder": {"x": {"content": "a"}}}"#, "\"x\""),
            (#"{"added_tokens_decoder": {"5000": {}}}"#, "content"),
            (#"{"added_tokens_decoder": {"5000": {"content": ""}}}"#, "5000"),
            (#"{"added_tokens_decoder": {"-1": {"content": "a"}}}"#, "-1"),
            (#"{"added_tokens_decoder": {"2147483647": {"content": "a"}}}"#, "2147483647"),
            (#"{"added_tokens_decoder": {"99999999999999999999": {"content": "a"}}}"#, "99999999999999999999"),
        ])
    func isChecked(json: String, mention: String) throws {
        let error = #expect(throws: TokenizerError.self) { try tokenizer("fairytale-6m", configuration: json) }
        #expect(error?.code == .malformedConfiguration)
        #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains { $0.isNewline } == false)
    }

    @Test("with any bytes changed is read or refused, and never harms the process")
    func survivesMutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("mutations of tokenizer_config.json: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let original = [UInt8](try Data(contentsOf: Paths.fairytale.appending(path: "tokenizer_config.json")))
        for _ in 0..<500 {
            var json = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let position = Int.random(in: 0..<json.count, using: &generator)
                if Bool.random(using: &generator) {
                    json[position] = UInt8.random(in: 0...255, using: &generator)
                } else {
                    json.remove(at: position)
                }
            }
            let file = String(decoding: json, as: UTF8.self)
            guard let tokenizer = try? tokenizer("bpe-plain", configuration: file) else { continue }
            _ = tokenizer.decode((try? tokenizer.encode("the king <s> said")) ?? [])
        }
    }
}

import Foundation
import LLMTestSupport
import Testing

@Suite struct SamplingOptionTests {
    private static let sampled = ["generate", "Once upon a time", "--seed", "5", "--max-tokens", "30", "--json"]
    private static let greedy = ["generate", "Once upon a time", "--temperature", "0", "--max-tokens", "30", "--json"]

    private static let plain = Result { try Command.run(sampled).report().output().token_ids }

    /// Options that each change what this seed gives, and the same as fields of a line.
    static let changes: [(options: [String], fields: String)] = [
        (["--typical-p", "0.3"], #""typical_p": 0.3"#),
        (["--top-n-sigma", "0.5"], #""top_n_sigma": 0.5"#),
        (["--dynatemp-range", "0.9", "--dynatemp-exponent", "0"], #""dynatemp_range": 0.9, "dynatemp_exponent": 0"#),
        (["--xtc-probability", "1", "--xtc-threshold", "0.05"], #""xtc_probability": 1, "xtc_threshold": 0.05"#),
        (
            ["--mirostat", "2", "--mirostat-tau", "2", "--mirostat-eta", "0.5"],
            #""mirostat": 2, "mirostat_tau": 2, "mirostat_eta": 0.5"#
        ),
        (
            [
                "--dry-multiplier", "5", "--dry-base", "2", "--dry-allowed-length", "1", "--dry-penalty-last-n", "50",
                "--dry-sequence-breakers", "none",
            ],
            #""dry_multiplier": 5, "dry_base": 2, "dry_allowed_length": 1, "dry_penalty_last_n": 50, "#
                + #""dry_sequence_breakers": []"#
        ),
        (["--logit-bias", "261=-100", "--logit-bias", "7=2"], #""logit_bias": {"261": -100, "7": 2}"#),
        (["--bad-words", "king", "--bad-words", "three"], #""bad_words": ["king", "three"]"#),
    ]

    @Test(arguments: changes)
    func `Each step changes the output, and an option is the field of its name`(
        options: [String], fields: String
    ) throws {
        let output = try Command.run(SamplingOptionTests.sampled + options).report().output()
        #expect(try output.token_ids != SamplingOptionTests.plain.get())
        let line = #"{"prompt": "Once upon a time", "seed": 5, "max_tokens": 30, \#(fields)}"#
        let report = try Command.run("generate", "--jsonl", input: line).report()
        #expect(try report.output().token_ids == output.token_ids)
    }

    @Test func `Only allowed tokens come, and a bad word does not`() throws {
        let allowed = try Command.run(SamplingOptionTests.sampled + ["--allowed-token-ids", "300,261,272"]).report()
        #expect(try Set(allowed.output().token_ids).isSubset(of: [261, 272, 300]))
        let text = try Command.run(SamplingOptionTests.greedy).report().output().text
        let word = try #require(text.split(separator: " ").first { $0.count > 3 && $0.allSatisfy(\.isLetter) })
        let without = try Command.run(SamplingOptionTests.greedy + ["--bad-words", String(word)]).report().output()
        #expect(!without.text.split { !$0.isLetter }.contains(word), "\(word): \(without.text)")
    }

    @Test func `The stop string is in the text where asked for`() throws {
        let whole = try Command.run(SamplingOptionTests.greedy).report().output().text
        let stop = String(whole.dropFirst(10).prefix(4))
        let end = try #require(whole.range(of: stop)?.upperBound)
        let run = try Command.run(
            SamplingOptionTests.greedy + ["--stop", stop, "--include-stop-str-in-output"]
        ).report().output()
        #expect(run.text == String(whole[..<end]) && run.finish_reason == "stop")
    }

    @Test func `Special tokens are in the text where asked for`() throws {
        let forced = ["--allowed-token-ids", "2", "--ignore-eos", "--max-tokens", "2"]
        #expect(try Command.run(SamplingOptionTests.sampled + forced).report().output().text == "")
        let named = try Command.run(SamplingOptionTests.sampled + forced + ["--no-skip-special-tokens"]).report()
        #expect(try named.output().text == "</s></s>")
    }

    @Test func `What needs a tokenizer is refused by a model without one`() throws {
        let tiny = ["generate", "--prompt-token-ids", "1,2", "--model", Command.tiny]
        try Command.run(tiny + ["--bad-words", "king"]).expectError(64, ["bad_words", "no tokenizer", "logit_bias"])
        try Command.run(tiny + ["--dry-multiplier", "1"]).expectError(
            64, ["dry_sequence_breakers", "no tokenizer", "empty list"])
        let run = try Command.run(tiny + ["--dry-multiplier", "1", "--dry-sequence-breakers", "none"])
        #expect(run.status == 0)
    }
}

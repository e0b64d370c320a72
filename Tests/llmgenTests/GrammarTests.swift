import Foundation
import LLMTestSupport
import Testing

/// `llmgen grammar`, and forms of outputs in `generate`.
@Suite struct GrammarTests {
    private static func withFile<R>(_ text: String, _ body: (String) throws -> R) throws -> R {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "form")
            try Data(text.utf8).write(to: file)
            return try body(file.path)
        }
    }

    @Test func `check says ok, or why a form cannot be kept`() throws {
        let good = try Command.run(["grammar", "check", "--regex", "a{2,3}"])
        #expect(good.status == 0 && good.stdout == "ok\n")
        try Self.withFile(#"{"properties": {"a": {"type": "strin"}}}"#) { file in
            let bad = try Command.run(["grammar", "check", "--json-schema", file])
            #expect(bad.status == 65 && bad.stderr.contains("#/properties/a/type"))
        }
        let noText = try Command.run(["grammar", "check", "--regex", "a", "--text", "/nowhere"])
        #expect(noText.status == 66 && noText.stderr.contains("text file"))
        #expect(try Command.run(["grammar", "sample", "--count"]).stderr.contains("see llmgen grammar sample --help"))
        let none = try Command.run(["grammar", "check"])
        #expect(none.status == 64 && none.stderr.contains("--json-schema"))
        let two = try Command.run(["grammar", "check", "--regex", "a", "--choice", "b"])
        #expect(two.status == 64 && two.stderr.contains("exclude"))
        #expect(try Command.run(["grammar", "check", "--grammar", "/nowhere"]).status == 66)
    }

    @Test func `check says where a text stops having the form`() throws {
        try Self.withFile("ab1") { file in
            let refused = try Command.run(["grammar", "check", "--regex", "[a-z]+", "--text", file])
            #expect(refused.status == 65 && refused.stderr.contains("line 1, column 3"))
            #expect(refused.stderr.contains("a-z the end"))
            let accepted = try Command.run(["grammar", "check", "--regex", "[a-z0-9]+", "--text", file])
            #expect(accepted.status == 0 && accepted.stdout == "accepted\n")
            let short = try Command.run(["grammar", "check", "--regex", ".{5}", "--text", file])
            #expect(short.status == 65 && short.stderr.contains("too early"))
        }
    }

    @Test func `sample prints texts that have the form, explain the rules`() throws {
        let samples = try Command.run([
            "grammar", "sample", "--regex", "[xyz]{3}", "--count", "5", "--seed", "2", "--json",
        ])
        let lines = samples.stdout.split(separator: "\n")
        #expect(samples.status == 0 && lines.count == 5)
        #expect(lines.allSatisfy { $0.wholeMatch(of: /"[xyz]{3}"/) != nil })
        #expect(try Command.run(["grammar", "sample", "--choice", "a", "--count", "0"]).status == 64)
        try Self.withFile(#"root ::= "a" list*"# + "\nlist ::= [0-9]") { file in
            let pattern = try Command.run(["grammar", "explain", "--regex", "[ab]+c"])
            #expect(pattern.stdout.contains("[ab]+c"))
            let rules = try Command.run(["grammar", "explain", "--grammar", file])
            #expect(rules.status == 0 && rules.stdout.contains("="))
        }
    }

    @Test func `generate keeps the form, and a line's own goes before the command's`() throws {
        let common = ["generate", "Once upon a time", "--temperature", "2", "--seed", "1", "--max-tokens", "40"]
        let choice = try Command.run(common + ["--choice", "yes", "--choice", "no"])
        #expect(choice.status == 0 && ["yes\n", "no\n"].contains(choice.stdout))
        let regex = try Command.run(common + ["--regex", "-[0-9]{4}"])
        #expect(regex.stdout.wholeMatch(of: /-[0-9]{4}\n/) != nil)
        let lines = """
            {"prompt": "A cat", "structured_outputs": {"choice": ["mew"]}}
            {"prompt": "A cat", "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"const": 7}}}}
            {"prompt": "A cat"}
            {"prompt": "A cat", "structured_outputs": {"regex": "("}, "id": "bad"}
            {"prompt": "A cat", "response_format": {"type": "text"}, "max_tokens": 3}
            """
        try Self.withFile(lines) { file in
            let run = try Command.run([
                "generate", "--jsonl", "--prompt-file", file, "--max-tokens", "20", "--choice", "woof",
            ])
            let texts = run.stdout.split(separator: "\n").map { String($0) }
            #expect(run.status == 65 && texts.count == 5)
            #expect(!texts[4].contains("woof") && texts[4].contains("length"))
            for (line, part) in zip(texts, [#""mew""#, #""7""#, #""woof""#, #""id":"bad""#]) {
                #expect(line.contains(part), "\(line)")
            }
        }
        #expect(try Command.run(common + ["--regex", "("]).status == 65)
    }
}

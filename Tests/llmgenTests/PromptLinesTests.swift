import Foundation
import LLMTestSupport
import Testing

@Suite struct PromptLinesTests {
    /// Runs `--jsonl` over a file with these lines.
    private func run(_ lines: [String], _ more: String...) throws -> Run {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "prompts.jsonl")
            try Data(lines.joined(separator: "\n").utf8).write(to: file)
            return try Command.run(["generate", "--jsonl", "--prompt-file", file.path, "--seed", "1"] + more)
        }
    }

    @Test func `Each line gives an object, in the lines' order`() throws {
        let run = try run(
            [
                #"{"prompt": "A queen", "max_tokens": 30}"#, #"{"prompt_token_ids": [5, 6], "max_tokens": 2}"#,
                #"{"prompt": "A fox", "max_tokens": 10}"#,
            ])
        #expect(run.status == 0, "\(run.stderr)")
        let reports = try run.reports()
        #expect(reports.map(\.index) == [0, 1, 2])
        #expect(reports[1].prompt_token_ids == [5, 6])
        #expect(reports.map { $0.usage?.completion_tokens ?? 0 } == [30, 2, 10])
        #expect(run.stderr.contains("3 prompts"))
    }

    @Test func `A line's text is what it is alone`() throws {
        let lines = try run([#"{"prompt": "A queen"}"#, #"{"prompt": "A fox"}"#], "--max-tokens", "20").reports()
        for (line, prompt) in zip(lines, ["A queen", "A fox"]) {
            let alone = try Command.run("generate", prompt, "--seed", "1", "--max-tokens", "20", "--json").report()
            #expect(try line.output().token_ids == alone.output().token_ids)
        }
    }

    @Test func `A line's priority decides who is served first, and its time limit ends it`() throws {
        let lines = [
            #"{"prompt": "A queen", "max_tokens": 900, "ignore_eos": true, "timeout": 0.05, "cache_salt": "a"}"#,
            #"{"prompt": "A fox", "max_tokens": 5, "priority": -1}"#,
        ]
        let reports = try run(lines, "--scheduling-policy", "priority", "--max-num-seqs", "1").reports()
        #expect(try reports[0].output().finish_reason == "timeout" && reports[0].output().token_ids.count < 900)
        #expect(try reports[1].output().token_ids.count == 5)
        let refused = try run([#"{"prompt": "A queen", "timeout": 0}"#])
        #expect(refused.status == 65 && refused.stdout.contains("timeout is 0.0; it must be above 0"))
    }

    @Test func `A line's sampling fields go before the command's options`() throws {
        let reports = try run(
            [
                #"{"prompt": "A queen", "seed": 9, "max_tokens": 3, "temperature": 0, "logprobs": 1}"#,
                #"{"prompt": "A queen", "stop": ["e", "a"], "ignore_eos": true, "top_k": 5, "min_p": 0.1}"#,
                #"{"prompt": "A queen", "stop": "e", "max_tokens": 40}"#,
            ], "--max-tokens", "20"
        ).reports()
        #expect(reports.map(\.seed) == [9, 1, 1])
        #expect(try reports[0].output().token_ids.count == 3 && reports[0].output().logprobs?.count == 3)
        #expect(try !reports[1].output().text.contains("e") && !reports[1].output().text.contains("a"))
        #expect(try !reports[2].output().text.contains("e"))
    }

    @Test func `Blank lines are left out, and lines may end as on Windows`() throws {
        let run = try run(["", #"{"prompt": "A"}"# + "\r", "  \t", "\r", #"{"prompt": "B"}"#, ""], "--max-tokens", "2")
        #expect(run.status == 0, "\(run.stdout)")
        #expect(try run.reports().map(\.index) == [0, 1])
    }

    @Test func `A line separator within a text is no end of a line`() throws {
        let run = try run(["{\"prompt\": \"One\u{2028}two\"}"], "--max-tokens", "2")
        #expect(run.status == 0, "\(run.stdout)")
        #expect(try run.reports().count == 1)
    }

    @Test func `A line may have a conversation, and an id that comes back`() throws {
        let lines = [
            #"{"id": "a", "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]}"#,
            #"{"id": 7, "messages": [{"role": "user"}]}"#, #"{"id": [], "prompt": "A"}"#,
        ]
        let run = try run(lines, "--max-tokens", "2", "--temperature", "0")
        let plain = try Command.run(["chat", "--max-tokens", "2", "--temperature", "0"], input: "Hello\n")
        let reports = run.stdout.split(separator: "\n")
        #expect(run.status == 65 && reports[0].contains(#""id":"a""#) && reports[1].contains(#""id":7"#))
        #expect(try run.reports()[0].output().text + "\n" == plain.stdout)
        #expect(reports[1].contains("messages[0].content") && reports[2].contains("must be a text or a whole number"))
    }

    @Test func `Lines come from stdin where there is no file`() throws {
        let run = try Command.run("generate", "--jsonl", "--max-tokens", "2", input: #"{"prompt": "A"}"#)
        #expect(run.status == 0)
        #expect(try run.reports().count == 1)
    }

    static let badLines: [(line: String, words: [String])] = [
        ("no JSON", ["JSON"]),
        ("[1]", ["object"]),
        ("{}", ["prompt", "prompt_token_ids"]),
        (#"{"prompt": "a", "prompt_token_ids": [1]}"#, ["prompt", "prompt_token_ids"]),
        (#"{"prompt": 1}"#, ["prompt", "string"]),
        (#"{"prompt": ""}"#, ["empty"]),
        (#"{"prompt_token_ids": []}"#, ["0 tokens"]),
        (#"{"prompt_token_ids": [4096]}"#, ["4096", "4095"]),
        (#"{"prompt_token_ids": [1, 99999999999]}"#, ["prompt_token_ids[1]", "token id"]),
        (#"{"prompt": "a", "bogus": 1}"#, ["no field", "bogus"]),
        (#"{"prompt": "a", "max_tokens": 0}"#, ["max_tokens", "0", "1"]),
        (#"{"prompt": "a", "max_tokens": 1e30}"#, ["max_tokens", "whole number"]),
        (#"{"prompt": "a", "max_tokens": 5000}"#, ["max_tokens", "5000", "1024"]),
        (#"{"prompt": "a", "temperature": -1}"#, ["temperature", "-1", "2"]),
        (#"{"prompt": "a", "temperature": "hot"}"#, ["temperature", "string", "number"]),
        (#"{"prompt": "a", "logit_bias": {"x": 1}}"#, ["logit_bias", "x", "token ids"]),
        (#"{"prompt": "a", "logit_bias": {"4096": 1}}"#, ["logit_bias", "4096", "4095"]),
        (#"{"prompt": "a", "repetition_detection": {"max_pattern_size": 2}}"#, ["repetition_detection"]),
        (#"{"prompt": "a", "mirostat": 3}"#, ["mirostat", "3"]),
    ]

    @Test func `A bad line gives its error in its place, and the rest runs`() throws {
        let good = #"{"prompt": "A"}"#
        let run = try run(PromptLinesTests.badLines.flatMap { [good, $0.line] }, "--max-tokens", "2")
        #expect(run.status == 65 && !run.stderr.contains("error:"))
        let reports = try run.reports()
        #expect(reports.map(\.index) == Array(0..<2 * PromptLinesTests.badLines.count))
        for (pair, bad) in PromptLinesTests.badLines.enumerated() {
            #expect(try reports[2 * pair].output().token_ids.count == 2)
            let error = try #require(reports[2 * pair + 1].error, "\(bad.line)")
            for word in bad.words { #expect(error.contains(word), "no '\(word)' in: \(error)") }
        }
    }

    @Test func `The object of a bad line has an index and an error`() throws {
        let run = try run(["no JSON"])
        let object = try JSONSerialization.jsonObject(with: Data(run.stdout.utf8)) as? [String: Any]
        #expect(try run.status == 65 && Set(#require(object).keys) == ["index", "error"])
    }

    @Test func `A line that is not UTF-8 is a bad line`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "prompts.jsonl")
            try (Data(#"{"prompt": "A"}"#.utf8) + [10, 0x22, 0xFF, 10]).write(to: file)
            let run = try Command.run("generate", "--jsonl", "--prompt-file", file.path, "--max-tokens", "2")
            #expect(run.status == 65)
            #expect(try run.reports().map { $0.error?.contains("UTF-8") } == [nil, true])
        }
    }

    @Test func `A value out of range on the command line is wrong usage, not every line's fault`() throws {
        try run([#"{"prompt": "A"}"#], "--top-p", "-1").expectError(64, ["top_p", "-1"])
    }

    @Test func `No lines are no prompts`() throws {
        try run(["", ""]).expectError(65, ["no prompts"])
    }

    @Test func `Hundreds of lines run`() throws {
        let lines = (0..<300).map { #"{"prompt_token_ids": [1, \#($0 + 3)], "max_tokens": 2, "ignore_eos": true}"# }
        let run = try run(lines, "--model", Command.tiny)
        #expect(run.status == 0)
        #expect(try run.reports().map { $0.prompt_token_ids?.last } == (0..<300).map { $0 + 3 })
    }
}

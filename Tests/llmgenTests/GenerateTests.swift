import Foundation
import LLMTestSupport
import Testing

@Suite struct GenerateTests {
    private static let prompt = "Once upon a time"
    private static let greedy = ["generate", prompt, "--temperature", "0", "--max-tokens", "24"]

    /// What the greedy run gives, generated once.
    private static let whole = Result { try Command.run(greedy + ["--json"]).report().output() }

    private func greedyOutput(_ more: String...) throws -> Report.Output {
        if more.isEmpty { return try GenerateTests.whole.get() }
        return try Command.run(GenerateTests.greedy + ["--json"] + more).report().output()
    }

    @Test func `Text goes to stdout, and nothing but text`() throws {
        let run = try Command.run(GenerateTests.greedy)
        #expect(run.status == 0)
        #expect(try run.stdout == greedyOutput().text + "\n")
    }

    @Test func `Text comes while it is generated`() throws {
        let slow = ["--cpu-features", "scalar", "--threads", "1", "--ignore-eos", "--max-tokens", "900"]
        var partial = false
        _ = try Command.start(["generate", GenerateTests.prompt] + slow) { command in
            try command.wait(on: "stdout")
            partial = true
            command.interrupt()
        }
        #expect(partial)
    }

    @Test func `A start line and a summary go to stderr`() throws {
        let run = try Command.run(GenerateTests.greedy + ["--seed", "5"])
        let lines = run.stderr.split(separator: "\n")
        try #require(lines.count == 2, "\(run.stderr)")
        for word in ["fairytale-6m", "LlamaForCausalLM", "float", "thread"] { #expect(lines[0].contains(word)) }
        for word in ["24 tokens", "tokens/s", "seed 5", "length"] { #expect(lines[1].contains(word)) }
    }

    @Test func `The model is found from any working directory, and by a name on the path`() throws {
        try Paths.withTemporaryFolder { folder in
            let run = try Command.run(GenerateTests.greedy, in: folder)
            #expect(run.status == 0)
        }
        let line = "PATH=$(dirname $LLMGEN):$PATH; cd /; llmgen generate Hello --max-tokens 2"
        #expect(try Command.shell(line).status == 0)
    }

    @Test(arguments: ["fairytale-6m", Command.fairytale, Command.fairytale + "/model.safetensors"])
    func `A model is named by a bundled name, its folder or its weights file`(model: String) throws {
        let report = try Command.run(GenerateTests.greedy + ["--json", "--model", model]).report()
        #expect(report.model == "fairytale-6m")
        #expect(try report.output().text == greedyOutput().text)
    }

    @Test func `A relative model path is taken from the working directory`() throws {
        let run = try Command.run(
            GenerateTests.greedy + ["--model", "models/fairytale-6m"], in: Paths.root)
        #expect(run.status == 0)
    }

    @Test func `Without a PROMPT, a file or ids, stdin is the prompt`() throws {
        let given = try Command.run(GenerateTests.greedy)
        let piped = try Command.run("generate", "--temperature", "0", "--max-tokens", "24", input: GenerateTests.prompt)
        #expect(piped.status == 0 && piped.stdout == given.stdout)
    }

    @Test func `Stdin is left alone where there is another prompt`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "prompt")
            try Data(GenerateTests.prompt.utf8).write(to: file)
            let given = try Command.run(GenerateTests.greedy + ["--json"], input: "Stdin").report()
            let read = try Command.run("generate", "--json", "--prompt-file", file.path, input: "Stdin").report()
            let ids = try Command.run("generate", "--json", "--prompt-token-ids", "7,8", input: "Stdin").report()
            #expect(read.prompt_token_ids == given.prompt_token_ids)
            #expect(ids.prompt_token_ids == [7, 8])
        }
    }

    @Test func `A prompt file is used as it is, and may be a pipe`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "prompt")
            try Data("Two\nlines\n".utf8).write(to: file)
            let read = try Command.run("generate", "--json", "--max-tokens", "1", "--prompt-file", file.path).report()
            let given = try Command.run("generate", "Two\nlines\n", "--json", "--max-tokens", "1").report()
            #expect(read.prompt_token_ids == given.prompt_token_ids)
            let piped = try Command.shell(
                "cat \(file.path) | $LLMGEN generate --json --max-tokens 1 --prompt-file /dev/stdin")
            #expect(try piped.report().prompt_token_ids == given.prompt_token_ids)
        }
    }

    @Test func `A prompt that looks like an option comes after two dashes`() throws {
        #expect(try Command.run("generate", "--max-tokens", "1", "--", "--5 degrees").status == 0)
    }

    @Test func `Token ids are used as given, without BOS`() throws {
        let ids = try Command.run("generate", "--json", "--max-tokens", "1", "--prompt-token-ids", "365, 307").report()
        #expect(ids.prompt_token_ids == [365, 307])
        let text = try Command.run("generate", GenerateTests.prompt, "--json", "--max-tokens", "1").report()
        #expect(text.prompt_token_ids?.first == 1)
    }

    @Test func `A model without a tokenizer continues token ids with empty text`() throws {
        let run = try Command.run(
            "generate", "--model", Command.tiny, "--prompt-token-ids", "1,5,9", "--max-tokens", "4", "--ignore-eos")
        #expect(run.status == 0 && run.stdout == "\n")
    }

    @Test func `A text for a model without a tokenizer is an error`() throws {
        try Command.run("generate", "text", "--model", Command.tiny).expectError(65, ["tokenizer", "token ids"])
    }

    @Test func `The same seed gives the same text`() throws {
        let one = try Command.run("generate", GenerateTests.prompt, "--seed", "7", "--max-tokens", "30")
        let other = try Command.run("generate", GenerateTests.prompt, "--seed", "7", "--max-tokens", "30")
        let different = try Command.run("generate", GenerateTests.prompt, "--seed", "8", "--max-tokens", "30")
        #expect(one.stdout == other.stdout && one.stdout != different.stdout)
    }

    @Test func `Without a seed a random one is taken, and reported, so that the text can be had again`() throws {
        let first = try Command.run("generate", GenerateTests.prompt, "--json", "--max-tokens", "20").report()
        let second = try Command.run("generate", GenerateTests.prompt, "--json", "--max-tokens", "20").report()
        #expect(first.seed != second.seed)
        let seed = String(try #require(first.seed))
        let again = try Command.run("generate", GenerateTests.prompt, "--json", "--max-tokens", "20", "--seed", seed)
        #expect(try again.report().output().token_ids == first.output().token_ids)
    }

    @Test func `The model's generation config gives the sampling defaults`() throws {
        let seeded = ["generate", GenerateTests.prompt, "--seed", "3", "--max-tokens", "60"]
        let unset = try Command.run(seeded).stdout
        #expect(try Command.run(seeded + ["--temperature", "0.7", "--top-p", "0.9"]).stdout == unset)
        #expect(try Command.run(seeded + ["--temperature", "1.0", "--top-p", "1"]).stdout != unset)
    }

    @Test func `Without --max-tokens there are at most 256`() throws {
        let report = try Command.run(
            "generate", "--model", Command.tiny, "--prompt-token-ids", "1,5", "--json", "--ignore-eos"
        ).report()
        #expect(try report.usage?.completion_tokens == 256 && report.output().finish_reason == "length")
    }

    @Test func `Without --max-tokens the room that is left is enough`() throws {
        let report = try Command.run(
            "generate", "--model", Command.tiny, "--prompt-token-ids", "1,5", "--json", "--ignore-eos",
            "--max-model-len", "20"
        ).report()
        #expect(try report.usage?.completion_tokens == 18 && report.output().finish_reason == "length")
    }

    @Test func `--stop ends the text before the stop`() throws {
        let whole = try greedyOutput()
        let word = try #require(whole.text.split(separator: " ").dropFirst(4).first)
        let range = try #require(whole.text.range(of: " \(word)"))
        let stopped = try greedyOutput("--stop", "no such text", "--stop", " \(word)")
        #expect(stopped.text == whole.text[..<range.lowerBound])
        #expect(stopped.finish_reason == "stop")
        #expect(stopped.token_ids == Array(whole.token_ids.prefix(stopped.token_ids.count)))
    }

    @Test func `--stop-token-ids ends the output with that token, which is in the ids and not in the text`() throws {
        let whole = try greedyOutput()
        let stop = whole.token_ids[6]
        let count = try #require(whole.token_ids.firstIndex(of: stop)) + 1
        let report = try Command.run(GenerateTests.greedy + ["--json", "--stop-token-ids", "9,\(stop)"]).report()
        let stopped = try report.output()
        #expect(stopped.token_ids == Array(whole.token_ids.prefix(count)) && stopped.finish_reason == "stop")
        #expect(report.usage?.completion_tokens == count)
        let before = try Command.run(
            "generate", GenerateTests.prompt, "--temperature", "0", "--json", "--max-tokens", "\(count - 1)")
        #expect(try stopped.text == before.report().output().text)
    }

    @Test func `The end-of-sequence token ends the output, unless ignored, and not before --min-tokens`() throws {
        let whole = try Command.run(
            "generate", "--model", Command.tiny, "--prompt-token-ids", "1,5,9", "--temperature", "0", "--max-tokens",
            "8", "--ignore-eos", "--json"
        ).report().output().token_ids
        let eos = try #require(whole.dropFirst(2).first { id in whole.firstIndex(of: id) == whole.lastIndex(of: id) })
        let count = try #require(whole.firstIndex(of: eos)) + 1
        try ModelFolder.with { folder in
            try Data("{\"eos_token_id\": \(eos)}".utf8).write(to: folder.appending(path: "generation_config.json"))
            let run = [
                "generate", "--model", folder.path, "--prompt-token-ids", "1,5,9", "--temperature", "0",
                "--max-tokens", "8", "--json",
            ]
            let ended = try Command.run(run).report()
            #expect(try ended.output().token_ids == Array(whole.prefix(count)))
            #expect(try ended.output().finish_reason == "stop" && ended.usage?.completion_tokens == count)
            #expect(try Command.run(run + ["--ignore-eos"]).report().output().token_ids == whole)
            let later = try Command.run(run + ["--min-tokens", "\(count)"]).report().output()
            #expect(later.token_ids.prefix(count - 1) == whole.prefix(count - 1))
            #expect(later.token_ids.count >= count && later.token_ids[count - 1] != eos)
        }
    }

    static let samplers = [
        ["--top-k", "1"], ["--top-p", "0.000001"], ["--min-p", "1"], ["--temperature", "0"],
    ]

    @Test(arguments: samplers)
    func `A sampler that leaves the most probable token only is greedy`(options: [String]) throws {
        let run = try Command.run(["generate", GenerateTests.prompt, "--max-tokens", "24", "--json"] + options)
        #expect(try run.report().output().token_ids == greedyOutput().token_ids)
    }

    @Test(arguments: ["--repetition-penalty", "--presence-penalty", "--frequency-penalty"])
    func `A penalty changes the text`(option: String) throws {
        #expect(
            try greedyOutput(option, "1.9", "--max-tokens", "60").token_ids
                != greedyOutput("--max-tokens", "60").token_ids)
    }

    @Test func `Several samples come in order, each with its seed`() throws {
        let sampled = ["generate", "Once upon a time", "--max-tokens", "12", "--seed", "4"]
        let outputs = try #require(Command.run(sampled + ["--n", "3", "--json"]).report().outputs)
        #expect(outputs.map(\.index) == [0, 1, 2] && Set(outputs.map(\.token_ids)).count == 3)
        #expect(try Command.run(sampled + ["--json"]).report().output().token_ids == outputs[0].token_ids)
        let text = try Command.run(sampled + ["--n", "3"])
        #expect(text.stdout == outputs.map(\.text).joined(separator: "\n\n") + "\n")
        try Command.run("generate", "x", "--n", "2", "--temperature", "0").expectError(64, ["n: 2", "temperature 0"])
    }

    @Test func `What was computed before is taken from the cache, and reported`() throws {
        let prompt = String(repeating: "Once upon a time there was a king. ", count: 12)
        let line = "{\"prompt\": \"\(prompt)\"}\n"
        let arguments = ["generate", "--jsonl", "--max-num-seqs", "1", "--max-tokens", "4", "--temperature", "0"]
        let cached = try Command.run(arguments, input: line + line).reports()
        let uncached = try Command.run(arguments + ["--no-prefix-caching"], input: line + line).reports()
        let found = cached.map { $0.usage?.cached_tokens ?? -1 }
        #expect(found[0] == 0 && found[1] > 60)
        #expect(uncached.map { $0.usage?.cached_tokens } == [0, 0])
        #expect(try cached.map { try $0.output().token_ids } == uncached.map { try $0.output().token_ids })
    }
}

import Testing

@Suite struct HelpTests {
    @Test func `--version prints the version`() throws {
        let run = try Command.run("--version")
        #expect(run.status == 0 && run.stderr == "")
        #expect(run.stdout.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil, "\(run.stdout)")
    }

    @Test(arguments: [["--help"], ["help"], []])
    func `The command's help lists the verbs`(arguments: [String]) throws {
        let run = try Command.run(arguments)
        #expect(run.status == 0 && run.stderr == "")
        for verb in ["generate", "inspect"] { #expect(run.stdout.contains("\n  \(verb) ")) }
    }

    static let options = [
        "--model", "--max-tokens", "--temperature", "--top-k", "--top-p", "--min-p", "--seed", "--n", "--stop",
        "--stop-token-ids", "--ignore-eos", "--min-tokens", "--repetition-penalty", "--presence-penalty",
        "--frequency-penalty", "--prompt-file", "--jsonl", "--prompt-token-ids", "--logprobs", "--json",
        "--kv-cache-memory", "--kv-blocks", "--kv-cache-dtype", "--block-size", "--max-num-seqs",
        "--max-num-batched-tokens",
        "--max-model-len", "--compute-dtype", "--quantization", "--gemm", "--threads", "--cpu-features",
        "--load-format",
    ]

    @Test(arguments: [["generate", "--help"], ["generate", "-h"], ["help", "generate"]])
    func `The help of generate lists every option`(arguments: [String]) throws {
        let run = try Command.run(arguments)
        #expect(run.status == 0 && run.stderr == "")
        for option in HelpTests.options { #expect(run.stdout.contains("\n  \(option) "), "\(option)") }
    }

    @Test func `The help of inspect says what it does`() throws {
        let run = try Command.run("inspect", "--help")
        #expect(run.status == 0 && run.stdout.contains("--json") && run.stdout.contains("checkpoint"))
    }
}

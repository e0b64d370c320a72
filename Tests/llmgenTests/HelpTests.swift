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
        for verb in ["generate", "chat", "tokenize", "inspect"] { #expect(run.stdout.contains("\n  \(verb) ")) }
    }

    static let options = [
        "--model", "--max-tokens", "--temperature", "--top-k", "--top-p", "--min-p", "--seed", "--n", "--stop",
        "--stop-token-ids", "--ignore-eos", "--min-tokens", "--repetition-penalty", "--presence-penalty",
        "--frequency-penalty", "--typical-p", "--logit-bias", "--allowed-token-ids", "--bad-words",
        "--prompt-logprobs", "--top-n-sigma", "--dynatemp-range", "--dynatemp-exponent", "--xtc-probability",
        "--xtc-threshold", "--mirostat", "--mirostat-tau", "--mirostat-eta", "--dry-multiplier", "--dry-base",
        "--dry-allowed-length", "--dry-penalty-last-n", "--dry-sequence-breakers", "--include-stop-str-in-output",
        "--truncate-prompt-tokens", "--repetition-detection", "--prompt-file", "--jsonl", "--prompt-token-ids",
        "--logprobs", "--json",
        "--kv-cache-memory", "--kv-blocks", "--kv-cache-dtype", "--block-size", "--max-num-seqs",
        "--max-num-batched-tokens",
        "--max-model-len", "--compute-dtype", "--quantization", "--gemm", "--threads", "--cpu-features",
        "--load-format", "--no-prefix-caching", "--scheduling-policy", "--target-itl", "--max-queued-requests",
        "--max-queued-tokens",
    ]

    @Test(arguments: [["generate", "--help"], ["generate", "-h"], ["help", "generate"]])
    func `The help of generate lists every option`(arguments: [String]) throws {
        let run = try Command.run(arguments)
        #expect(run.status == 0 && run.stderr == "")
        for option in HelpTests.options {
            #expect(run.stdout.contains("\n  \(option) ") || run.stdout.contains("\n  \(option)\n"), "\(option)")
        }
    }

    @Test func `The help of inspect says what it does`() throws {
        let run = try Command.run("inspect", "--help")
        #expect(run.status == 0 && run.stdout.contains("--json") && run.stdout.contains("checkpoint"))
    }
}

import Foundation
import LLMTestSupport
import Testing

@Suite struct EngineOptionTests {
    private static let prompt = ["generate", "Once upon a time", "--temperature", "0", "--max-tokens", "20"]
    // The same arithmetic on every CPU.
    private static let arguments = prompt + ["--compute-dtype", "float32"]

    /// The text without any engine option, generated once.
    private static let plain = Result { try Command.run(arguments).stdout }

    static let harmless = [
        ["--block-size", "16"], ["--block-size", "64"], ["--block-size", "128"], ["--kv-blocks", "4"],
        ["--kv-cache-memory", "8MiB"], ["--max-num-seqs", "1"], ["--max-num-batched-tokens", "2"],
        ["--max-model-len", "100"], ["--threads", "1"], ["--threads", "3"], ["--cpu-features", "auto"],
        ["--cpu-features", "scalar"], ["--gemm", "auto"],
        ["--quantization", "none"],
        ["--kv-cache-dtype", "auto"], ["--kv-cache-dtype", "float32"], ["--load-format", "auto"],
    ]

    @Test(arguments: harmless)
    func `An engine option leaves the text as it is`(options: [String]) throws {
        let run = try Command.run(EngineOptionTests.arguments + options)
        #expect(run.status == 0, "\(run.stderr)")
        #expect(try run.stdout == EngineOptionTests.plain.get())
    }

    static let effects: [(options: [String], words: String)] = [
        (["--block-size", "16", "--kv-blocks", "40"], "40 blocks of 16 tokens"),
        (["--kv-blocks", "1"], "1 block of 32 tokens"),
        (["--compute-dtype", "float32", "--kv-cache-memory", "3MiB"], "16 blocks of 32 tokens in float32 (3.0 MiB)"),
        (["--max-num-seqs", "1"], "32 blocks of 32 tokens"),
        (
            ["--compute-dtype", "float32", "--max-num-seqs", "3"],
            "96 blocks of 32 tokens in float32 (18.0 MiB, room for 3 sequences of 1024 tokens)"
        ),
        (["--max-num-seqs", "2", "--max-model-len", "64"], "4 blocks of 32 tokens"),
        (["--threads", "1"], "1 thread,"),
        (["--threads", "3"], "3 threads,"),
        (["--cpu-features", "scalar"], "scalar"),
        (["--compute-dtype", "float32"], "float32, "),
        (["--compute-dtype", "bfloat16"], "bfloat16, "),
        (["--compute-dtype", "bfloat16"], "in bfloat16"),
        (["--quantization", "q8_0"], "q8_0, int8, "),
        (["--quantization", "q4_0"], "q4_0, int8, "),
        (["--quantization", "w8a8"], "w8a8, int8, "),
        (["--quantization", "q8_0"], "in bfloat16"),
        (["--quantization", "q8_0", "--compute-dtype", "float32"], "in float32"),
        (["--compute-dtype", "float32", "--kv-cache-dtype", "auto"], "in float32"),
        (
            ["--kv-cache-dtype", "bfloat16", "--kv-cache-memory", "3MiB"],
            "32 blocks of 32 tokens in bfloat16 (3.0 MiB)"
        ),
        (["--kv-cache-dtype", "int8", "--kv-blocks", "64"], "64 blocks of 32 tokens in int8 (3.4 MiB)"),
    ]

    @Test(arguments: effects.indices)
    func `The start line shows what an engine option does`(index: Int) throws {
        let (options, words) = EngineOptionTests.effects[index]
        let run = try Command.run(EngineOptionTests.prompt + ["--max-tokens", "2"] + options)
        #expect(run.status == 0 && run.stderr.contains(words), "\(run.stderr)")
    }

    @Test func `--max-model-len bounds prompt and output together`() throws {
        let run = ["generate", "--prompt-token-ids", "1,2,3", "--model", Command.tiny, "--max-model-len", "10"]
        #expect(try Command.run(run + ["--max-tokens", "7", "--ignore-eos"]).status == 0)
        try Command.run(run + ["--max-tokens", "8"]).expectError(64, ["8", "3", "10", "7"])
    }

    @Test(arguments: ["avx2", "avx512"])
    func `An instruction set either runs, with the same text, or is named as not there`(features: String) throws {
        let run = try Command.run(EngineOptionTests.arguments + ["--cpu-features", features])
        if run.status == 0 {
            #expect(try run.stdout == EngineOptionTests.plain.get())
        } else {
            run.expectError(64, ["cpu-features", features, "the best it has"])
        }
    }

    @Test func `An unknown instruction set is named, with those that there are`() throws {
        try Command.run(EngineOptionTests.arguments + ["--cpu-features", "sse9"])
            .expectError(64, ["sse9", "auto", "scalar"])
    }

    @Test func `--load-format dummy needs no weights`() throws {
        try ModelFolder.with { folder in
            try FileManager.default.removeItem(at: folder.appending(path: "model.safetensors"))
            let run = try Command.run(
                "generate", "--model", folder.path, "--load-format", "dummy", "--prompt-token-ids", "1,2", "--json",
                "--max-tokens", "3", "--ignore-eos")
            #expect(try run.report().output().token_ids.count == 3)
        }
    }

    @Test func `--gemm openblas says that batch invariance is off`() throws {
        let run = try Command.run(EngineOptionTests.arguments + ["--gemm", "openblas"])
        #expect(run.status == 0 && run.stderr.contains("batch invariance is off"), "\(run.stderr)")
    }
}

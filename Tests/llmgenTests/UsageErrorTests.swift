import Foundation
import LLMTestSupport
import Testing

/// Arguments that are refused: the exit code, and words of the one line on stderr.
struct Refusal: CustomTestStringConvertible {
    let arguments: [String]
    let code: Int32
    let words: [String]

    init(_ arguments: [String], _ code: Int32, _ words: [String]) {
        (self.arguments, self.code, self.words) = (arguments, code, words)
    }

    var testDescription: String { arguments.joined(separator: " ") }
}

@Suite struct UsageErrorTests {
    static let usage = [
        Refusal(["bogus"], 64, ["bogus"]),
        Refusal(["--bogus"], 64, ["--bogus"]),
        Refusal(["generate", "x", "--bogus"], 64, ["--bogus", "llmgen generate --help"]),
        Refusal(["inspect", "--bogus"], 64, ["--bogus", "llmgen inspect --help"]),
        Refusal(["generate", "x", "y"], 64, ["'y'"]),
        Refusal(["generate", "x", "--temperature"], 64, ["--temperature"]),
        Refusal(["generate", "x", "--prompt-token-ids", "1"], 64, ["--prompt-token-ids", "exclude"]),
        Refusal(["generate", "x", "--prompt-file", "f"], 64, ["--prompt-file", "exclude"]),
        Refusal(["generate", "--prompt-token-ids", "1", "--prompt-file", "f"], 64, ["exclude"]),
        Refusal(["generate", "x", "--jsonl"], 64, ["--jsonl"]),
        Refusal(["generate", "--prompt-token-ids", "1", "--jsonl"], 64, ["--jsonl"]),
        Refusal(["quantize", Command.tiny, "x.gguf"], 64, ["--type", "Q4_K_M"]),
        Refusal(
            ["quantize", Command.tiny, "x.gguf", "--type", "Q4_0", "--calibration-tokens", "5"], 64,
            ["--calibration-tokens is 5", "give --calibration"]),
        Refusal(
            ["quantize", Command.tiny, "x.gguf", "--type", "Q4_0", "--rounding", "gptq"], 64, ["gptq", "text"]),
    ]

    @Test(arguments: usage)
    func `Wrong usage is named in one line`(refusal: Refusal) throws {
        try Command.run(refusal.arguments).expectError(refusal.code, refusal.words)
    }

    static let sampling = [
        Refusal(["--temperature", "-1"], 64, ["temperature", "-1", "[0, 2]"]),
        Refusal(["--temperature", "nan"], 64, ["temperature", "nan", "[0, 2]"]),
        Refusal(["--temperature", "inf"], 64, ["temperature", "inf", "[0, 2]"]),
        Refusal(["--temperature", "2.1"], 64, ["temperature", "2.1", "[0, 2]"]),
        Refusal(["--temperature", "warm"], 64, ["--temperature", "warm"]),
        Refusal(["--top-p", "-0.1"], 64, ["top_p", "-0.1", "[0, 1]"]),
        Refusal(["--top-p", "1.5"], 64, ["top_p", "1.5", "1"]),
        Refusal(["--top-k", "-2"], 64, ["top_k", "-2"]),
        Refusal(["--min-p", "-0.1"], 64, ["min_p", "-0.1", "[0, 1]"]),
        Refusal(["--repetition-penalty", "0"], 64, ["repetition_penalty", "0"]),
        Refusal(["--presence-penalty", "-3"], 64, ["presence_penalty", "-3", "[-2, 2]"]),
        Refusal(["--frequency-penalty", "3"], 64, ["frequency_penalty", "3", "[-2, 2]"]),
        Refusal(["--logprobs", "21"], 64, ["logprobs", "21", "20"]),
        Refusal(["--logprobs", "-2"], 64, ["logprobs", "-2", "20"]),
        Refusal(["--n", "0"], 64, ["n", "0"]),
        Refusal(["--max-tokens", "0"], 64, ["max_tokens", "0", "1"]),
        Refusal(["--max-tokens", "-5"], 64, ["max_tokens", "-5", "1"]),
        Refusal(["--max-tokens", "1.5"], 64, ["--max-tokens", "1.5"]),
        Refusal(["--max-tokens", "1024"], 64, ["max_tokens", "1024", "maximum context length"]),
        Refusal(["--max-tokens", "9223372036854775807"], 64, ["max_tokens", "9223372036854775807", "1024"]),
        Refusal(["--min-tokens", "-1"], 64, ["min_tokens", "-1"]),
        Refusal(["--min-tokens", "9", "--max-tokens", "8"], 64, ["min_tokens", "9", "8"]),
        Refusal(["--seed", "99999999999999999999"], 64, ["--seed", "99999999999999999999"]),
        Refusal(["--stop", ""], 64, ["stop", "empty"]),
        Refusal(["--stop="], 64, ["stop", "empty"]),
        Refusal(["--stop=", "--max-tokens=5"], 64, ["stop", "empty"]),
        Refusal(["--stop-token-ids", "4096"], 64, ["stop_token_ids", "4096", "4095"]),
        Refusal(["--stop-token-ids", "-1"], 64, ["stop_token_ids", "-1"]),
        Refusal(["--stop-token-ids", "1,a"], 64, ["--stop-token-ids", "1,a"]),
        Refusal(["--n", "129"], 64, ["n", "129", "[1, 128]"]),
        Refusal(["--n", "2", "--temperature", "0"], 64, ["n", "2 samples", "[1, 1]"]),
        Refusal(["--typical-p", "0"], 64, ["typical_p", "0", "(0, 1]"]),
        Refusal(["--logit-bias", "13"], 64, ["--logit-bias", "13", "13=-1.5"]),
        Refusal(["--logit-bias", "13=nan"], 64, ["logit_bias", "13", "[-100, 100]"]),
        Refusal(["--logit-bias", "4096=1"], 64, ["logit_bias", "4096", "4095"]),
        Refusal(["--allowed-token-ids", "4096"], 64, ["allowed_token_ids", "4096", "4095"]),
        Refusal(["--bad-words", ""], 64, ["bad_words", "empty"]),
        Refusal(["--prompt-logprobs", "21"], 64, ["prompt_logprobs", "21", "20"]),
        Refusal(["--top-n-sigma", "-2"], 64, ["top_n_sigma", "-2", "-1"]),
        Refusal(["--dynatemp-range", "3"], 64, ["dynatemp_range", "3", "[0, 2]"]),
        Refusal(["--dynatemp-exponent", "-1"], 64, ["dynatemp_exponent", "-1"]),
        Refusal(["--xtc-probability", "2"], 64, ["xtc_probability", "2", "[0, 1]"]),
        Refusal(["--xtc-threshold", "-1"], 64, ["xtc_threshold", "-1", "[0, 1]"]),
        Refusal(["--mirostat", "1"], 64, ["mirostat", "version 1", "use 2"]),
        Refusal(["--mirostat-tau", "-1"], 64, ["mirostat_tau", "-1", "[0, 100]"]),
        Refusal(["--mirostat-eta", "2"], 64, ["mirostat_eta", "2", "[0, 1]"]),
        Refusal(["--dry-multiplier", "-1"], 64, ["dry_multiplier", "-1"]),
        Refusal(["--dry-base", "0.5"], 64, ["dry_base", "0.5", "1"]),
        Refusal(["--dry-allowed-length", "0"], 64, ["dry_allowed_length", "0", "1"]),
        Refusal(["--dry-penalty-last-n", "-2"], 64, ["dry_penalty_last_n", "-2", "-1"]),
        Refusal(["--dry-sequence-breakers", ""], 64, ["dry_sequence_breakers", "empty"]),
        Refusal(["--truncate-prompt-tokens", "0"], 64, ["truncate_prompt_tokens", "0", "-1"]),
        Refusal(["--repetition-detection", "1,2"], 64, ["--repetition-detection", "1,2", "1,20,4"]),
        Refusal(["--repetition-detection", "5,4,2"], 64, ["repetition_detection.min_pattern_size", "5", "[0, 4]"]),
    ]

    @Test(arguments: sampling)
    func `A sampling value out of range is named with its range`(refusal: Refusal) throws {
        try Command.run(["generate", "x"] + refusal.arguments).expectError(refusal.code, refusal.words)
    }

    static let engine = [
        Refusal(["--kv-blocks", "0"], 64, ["kv-blocks", "0", "1"]),
        Refusal(["--kv-blocks", "-3"], 64, ["kv-blocks", "-3", "1"]),
        Refusal(["--kv-blocks", "1", "--max-tokens", "40"], 64, ["40", "2 blocks of 32 tokens", "there are 1"]),
        Refusal(["--kv-blocks", "1", "--kv-cache-memory", "1GiB"], 64, ["kv-blocks", "kv-cache-memory"]),
        Refusal(["--kv-cache-memory", "plenty"], 64, ["--kv-cache-memory", "plenty", "2GiB"]),
        Refusal(["--kv-cache-memory", "-1GiB"], 64, ["--kv-cache-memory", "-1GiB"]),
        Refusal(["--kv-cache-memory", "nan"], 64, ["--kv-cache-memory", "nan"]),
        Refusal(["--kv-cache-memory", "1e400GiB"], 64, ["--kv-cache-memory", "1e400GiB"]),
        Refusal(["--kv-cache-memory", "1KiB"], 64, ["kv-cache-memory", "1.0 KiB", "not hold one block of 32 tokens"]),
        Refusal(["--target-itl", "5"], 64, ["target-itl", "'5'", "50ms"]),
        Refusal(["--target-itl", "0ms"], 64, ["target-itl", "0", "1000"]),
        Refusal(["--scheduling-policy", "nope"], 64, ["nope", "fcfs", "priority"]),
        Refusal(["--max-queued-requests", "0"], 64, ["max-queued-requests", "0", "1"]),
        Refusal(["--max-queued-tokens", "-5"], 64, ["max-queued-tokens", "-5", "1"]),
        Refusal(["--block-size", "7"], 64, ["block-size", "7", "16, 32, 64, 128"]),
        Refusal(["--threads", "0"], 64, ["threads", "0", "1"]),
        Refusal(["--threads", "-1"], 64, ["threads", "-1", "1"]),
        Refusal(["--threads", "2000"], 64, ["threads", "2000", "1024"]),
        Refusal(["--max-num-seqs", "0"], 64, ["max-num-seqs", "0", "1"]),
        Refusal(["--max-num-batched-tokens", "0"], 64, ["max-num-batched-tokens", "0", "1"]),
        Refusal(["--max-model-len", "1025"], 64, ["max-model-len", "1025", "1024"]),
        Refusal(["--max-model-len", "1"], 64, ["max-model-len", "1", "2"]),
        Refusal(["--compute-dtype", "int3"], 64, ["--compute-dtype", "int3", "float32"]),
        Refusal(
            ["--kv-cache-dtype", "int4"], 64, ["--kv-cache-dtype", "int4", "'auto', 'float32', 'bfloat16' or 'int8'"]),
        Refusal(["--quantization", "q2_k"], 64, ["--quantization", "q2_k", "q8_0"]),
        Refusal(
            ["--quantization", "q8_0", "--gemm", "openblas"], 64, ["gemm", "openblas", "float32", "quantization"]),
        Refusal(["--compute-dtype", "bfloat16", "--gemm", "openblas"], 64, ["gemm", "openblas", "compute-dtype"]),
        Refusal(["--gemm", "cublas"], 64, ["--gemm", "cublas", "openblas"]),
        Refusal(["--load-format", "pickle"], 64, ["--load-format", "pickle", "dummy"]),
    ]

    @Test(arguments: engine)
    func `An engine option out of range is named with its range`(refusal: Refusal) throws {
        try Command.run(["generate", "x"] + refusal.arguments).expectError(refusal.code, refusal.words)
    }

    static let prompts = [
        Refusal([""], 65, ["empty"]),
        Refusal(["--prompt-file", "/no/such/file"], 66, ["/no/such/file"]),
        Refusal(["--prompt-file", "/"], 66, ["'/'", "folder"]),
        Refusal(["--prompt-file", "/dev/null"], 65, ["empty"]),
        Refusal([String(repeating: "a word and ", count: 500)], 65, ["1502 tokens", "1024"]),
        Refusal(["--prompt-token-ids", ""], 64, ["--prompt-token-ids"]),
        Refusal(["--prompt-token-ids", "1,x"], 64, ["--prompt-token-ids", "1,x"]),
        Refusal(["--prompt-token-ids", "1,,2"], 64, ["--prompt-token-ids", "1,,2"]),
        Refusal(["--prompt-token-ids", "1,99999999999"], 64, ["--prompt-token-ids", "1,99999999999"]),
        Refusal(["--prompt-token-ids", "1,4096"], 65, ["4096", "4095"]),
        Refusal(["--prompt-token-ids", "-5"], 65, ["-5", "4095"]),
    ]

    @Test(arguments: prompts)
    func `A prompt that cannot be used is refused`(refusal: Refusal) throws {
        try Command.run(["generate"] + refusal.arguments).expectError(refusal.code, refusal.words)
    }

    @Test func `Nothing on stdin is an empty prompt`() throws {
        try Command.run("generate").expectError(65, ["empty"])
    }

    @Test func `A closed stdin is no prompt`() throws {
        try Command.shell("$LLMGEN generate <&-").expectError(64, ["no prompt", "PROMPT", "--prompt-file"])
    }

    @Test func `A prompt file that is not UTF-8 is refused`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "latin1")
            try Data([0x63, 0x61, 0x66, 0xE9]).write(to: file)
            try Command.run("generate", "--prompt-file", file.path).expectError(65, [file.path, "UTF-8"])
        }
    }
}

import Foundation
import LLMTestSupport
import Testing

@Suite struct GenerateJSONTests {
    private static let arguments = ["generate", "Once upon a time", "--json", "--seed", "4", "--max-tokens", "12"]

    private func object(_ more: String...) throws -> [String: Any] {
        let run = try Command.run(GenerateJSONTests.arguments + more)
        try #require(run.status == 0, "\(run.stderr)")
        #expect(run.stdout.hasSuffix("\n") && run.stdout.count { $0.isNewline } == 1)
        return try #require(try JSONSerialization.jsonObject(with: Data(run.stdout.utf8)) as? [String: Any])
    }

    @Test func `--json prints one object with the contract's fields`() throws {
        let object = try object()
        #expect(
            Set(object.keys) == [
                "model", "compute_dtype", "quantization", "kv_cache_dtype", "seed", "prompt_token_ids", "outputs",
                "usage", "timings",
            ])
        let usage = try #require(object["usage"] as? [String: Any])
        #expect(Set(usage.keys) == ["prompt_tokens", "cached_tokens", "completion_tokens"])
        let timings = try #require(object["timings"] as? [String: Any])
        #expect(
            Set(timings.keys) == ["load_s", "ttft_s", "prefill_tokens_per_s", "decode_tokens_per_s", "total_s"])
        let outputs = try #require(object["outputs"] as? [[String: Any]])
        try #require(outputs.count == 1)
        #expect(Set(outputs[0].keys) == ["index", "token_ids", "text", "finish_reason"])
    }

    @Test func `The fields have what was asked for and what came of it`() throws {
        let report = try Command.run(GenerateJSONTests.arguments).report()
        let output = try report.output()
        #expect(report.model == "fairytale-6m" && report.seed == 4 && output.index == 0)
        #expect(output.token_ids.count == 12 && output.finish_reason == "length" && !output.text.isEmpty)
        let usage = try #require(report.usage)
        #expect(usage.prompt_tokens == report.prompt_token_ids?.count)
        #expect(usage.completion_tokens == 12 && usage.cached_tokens == 0)
        let timings = try #require(report.timings)
        #expect(timings.values.allSatisfy { $0 > 0 && $0.isFinite }, "\(timings)")
        #expect(try #require(timings["ttft_s"]) <= #require(timings["total_s"]))
    }

    @Test func `The arithmetic and the cache's type, as chosen, are in the object`() throws {
        for (dtype, cache) in [("float32", "float32"), ("bfloat16", "bfloat16")] {
            let object = try object("--compute-dtype", dtype)
            #expect(object["compute_dtype"] as? String == dtype && object["kv_cache_dtype"] as? String == cache)
        }
        let object = try object("--quantization", "q8_0", "--kv-cache-dtype", "int8")
        #expect(object["compute_dtype"] as? String == "int8" && object["quantization"] as? String == "q8_0")
        #expect(object["kv_cache_dtype"] as? String == "int8")
    }

    @Test func `--logprobs gives each token's log probability and that of the most probable ones`() throws {
        let output = try Command.run(GenerateJSONTests.arguments + ["--logprobs", "3"]).report().output()
        let logprobs = try #require(output.logprobs)
        #expect(logprobs.map(\.token_id) == output.token_ids)
        for entry in logprobs {
            #expect(entry.logprob <= 0 && entry.top.count == 3)
            #expect(entry.top.map(\.logprob) == entry.top.map(\.logprob).sorted(by: >))
            #expect(entry.top[0].logprob >= entry.logprob)
            for top in entry.top where top.token_id == entry.token_id { #expect(top.logprob == entry.logprob) }
        }
    }

    @Test func `--logprobs 0 gives the chosen token's only`() throws {
        let output = try Command.run(GenerateJSONTests.arguments + ["--logprobs", "0"]).report().output()
        #expect(try #require(output.logprobs).allSatisfy(\.top.isEmpty))
    }

    @Test func `The text under --json is the text that streams`() throws {
        let streamed = try Command.run(GenerateJSONTests.arguments.filter { $0 != "--json" }).stdout
        #expect(try streamed == Command.run(GenerateJSONTests.arguments).report().output().text + "\n")
    }
}

import Foundation
import Testing

/// `perplexity` and `bench`.
@Suite struct MeasureTests {
    @Test func `perplexity prints one line, or one object with the settings`() throws {
        let run = try Command.run(
            "perplexity", "-", "--window", "16", "--stride", "8", input: "Once upon a time there was a king.")
        #expect(run.status == 0 && run.stdout.hasPrefix("perplexity ") && run.stderr.isEmpty)
        let json = try Command.run("perplexity", "-", "--json", input: "Once upon a time there was a king.")
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(json.stdout.utf8)) as? [String: Any])
        #expect(
            object.keys.sorted() == [
                "compute_dtype", "kv_cache_dtype", "loss", "model", "perplexity", "quantization", "stride", "tokens",
                "window",
            ])
        #expect(object["window"] as? Int == 512 && object["stride"] as? Int == 256)
    }

    @Test func `bench latency prints a table and, last, one object with the contract's fields`() throws {
        let run = try Command.run(
            "bench", "latency", "--input-len", "9", "--output-len", "3", "--batch-size", "2", "--repeat", "1", "--json",
            "--kv-cache-dtype", "int8")
        #expect(run.status == 0)
        let last = try #require(run.stdout.split(separator: "\n").last)
        let object = try #require(JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        for field in ["prefill_tokens_per_s", "decode_tokens_per_s", "ttft_s", "tpot_s", "load_s", "peak_rss_bytes"] {
            #expect((object[field] as? Double ?? 0) > 0, "\(field)")
        }
        let limits = try #require(object["limits"] as? [String: Double])
        #expect(
            limits.keys.sorted() == [
                "bytes_per_step", "decode_of_operations", "decode_of_read", "operations_per_s", "prefill_of_operations",
                "read_bytes_per_s",
            ])
        #expect(limits.values.allSatisfy { $0 > 0 && $0.isFinite })
        // The packed weights of the bundled model, of which 6144 bytes a token are cached in float32.
        #expect(limits["bytes_per_step"] ?? 0 > 5e6)
        #expect(object["kv_cache_dtype"] as? String == "int8")
        #expect(object["input_len"] as? Int == 9 && object["batch_size"] as? Int == 2)
    }

    @Test func `bench kernels prints a table and, last, one object with a limit beside each time`() throws {
        let run = try Command.run("bench", "kernels", "--filter", "rms_norm", "--repeat", "5", "--json")
        // Beside other tests a machine may be too busy to measure, which the command then says.
        if run.status == 1, run.stderr.contains("which is measured wrong") { return }
        #expect(run.status == 0)
        #expect(run.stdout.contains("\nrms_norm "))
        let last = try #require(run.stdout.split(separator: "\n").last)
        let object = try #require(JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        #expect(object["runs"] as? Int == 5 && object["threads"] is Int && object["cpu_features"] is String)
        #expect((object["read_bytes_per_s"] as? Double ?? 0) > 0)
        let operations = try #require(object["operations_per_s"] as? [String: Double])
        #expect(operations.keys.sorted() == ["bfloat16", "float32", "int4", "int8"])
        let kernels = try #require(object["kernels"] as? [[String: Any]])
        #expect(kernels.map { $0["rows"] as? Int } == [1, 32, 512])
        for kernel in kernels {
            #expect(kernel["kernel"] as? String == "rms_norm" && kernel["limit"] as? String == "memory")
            for field in ["seconds", "bytes_per_s", "limit_seconds", "of_limit"] {
                #expect((kernel[field] as? Double ?? 0) > 0, "\(field)")
            }
        }
    }

    static let refusals: [(arguments: [String], status: Int32, words: [String])] = [
        (["perplexity", "no-such-file"], 66, ["no-such-file"]),
        (["perplexity", "-", "--window", "1"], 64, ["window is 1"]),
        (["perplexity", "-", "--stride", "512"], 64, ["stride is 512", "511"]),
        (["perplexity", "-"], 65, ["empty"]),
        (["bench", "latency", "--input-len", "0"], 64, ["input-len is 0"]),
        (["bench", "latency", "--input-len", "1024"], 65, ["1024", "maximum context length"]),
        (["bench", "latency", "--repeat", "0", "--input-len", "2"], 64, ["repeat is 0"]),
        (["bench", "kernels", "--repeat", "4"], 64, ["repeat is 4", "5"]),
        (["bench", "kernels", "--filter", "linear_q9"], 64, ["linear_q9", "linear_q8", "attention"]),
        (["bench", "kernels", "--threads", "0"], 64, ["threads is 0"]),
    ]

    @Test(arguments: refusals.indices)
    func `A measurement that makes no sense is refused in one line`(index: Int) throws {
        let (arguments, status, words) = MeasureTests.refusals[index]
        let run = try Command.run(arguments)
        run.expectError(status, words)
    }
}

import Foundation
import FoundationXML
import LLMTestSupport
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

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func `bench throughput prints a table and one object, and saves requests and charts`() throws {
        try Paths.withTemporaryFolder { folder in
            let run = try Command.run(
                "bench", "throughput", "--num-prompts", "6", "--input-len", "20", "--output-len", "8", "--range-ratio",
                "0.5", "--num-warmups", "1", "--repeat", "2", "--json", "--save", "a.json", "--plot", "a.svg",
                in: folder)
            #expect(run.status == 0, "\(run.stderr)")
            for name in [
                "requests ", "output throughput ", "steady state ", "decode steps ", "prefix cache ", "cache use ",
                "time per output token ",
            ] { #expect(run.stdout.contains("\n\(name)") || run.stdout.hasPrefix(name), "\(name)") }
            let line = try #require(run.stdout.split(separator: "\n").last)
            let report = try object(line)
            for name in [
                "duration_s", "requests_per_s", "input_tokens_per_s", "output_tokens_per_s", "total_tokens_per_s",
                "decode_step_tokens_per_s", "kv_usage_peak", "p99_ttft_ms", "mean_tpot_ms",
            ] { #expect((report[name] as? Double ?? 0) > 0, "\(name)") }
            #expect(report["requests"] as? Int == 6 && report["preemptions"] as? Int == 0)
            #expect(report["runs"] as? Int == 2)
            #expect(report["model"] as? String == "fairytale-6m" && report["threads"] is Int)
            let samples = try #require(report["samples"] as? [String: [Double]])
            #expect(samples["output_tokens_per_s"]?.count == 2 && (report["sd"] as? [String: Double]) != nil)
            #expect(samples["total_output_tokens"]?.first == samples["total_output_tokens"]?.last)
            let saved = try object(String(contentsOf: folder.appending(path: "a.json"), encoding: .utf8))
            let records = try #require(saved["records"] as? [[[String: Any]]])
            #expect(records.map(\.count) == [6, 6] && records[0][0]["ttft_s"] is Double)
            let svg = try String(contentsOf: folder.appending(path: "a.svg"), encoding: .utf8)
            #expect(XMLParser(data: Data(svg.utf8)).parse() && svg.contains("Throughput over time"))

            let same = try Command.run("bench", "compare", "a.json", "a.json", "--json", in: folder)
            #expect(same.status == 0 && !same.stdout.contains("better\n"), "\(same.stderr)")
            let comparison = try #require(same.stdout.split(separator: "\n").last)
            let figures = try #require(object(comparison)["figures"] as? [[String: Any]])
            for figure in figures {
                #expect(figure["ratio"] as? Double == 1 && figure["verdict"] as? String == "within the spread")
            }
            #expect(figures.contains { $0["figure"] as? String == "output_tokens_per_s" })
        }
    }

    @Test func `In a terminal bench throughput shows how far it is`() throws {
        let terminal = try PseudoTerminal([
            "bench", "throughput", "--num-prompts", "2", "--input-len", "9", "--output-len", "3", "--num-warmups", "0",
        ])
        try terminal.wait(for: "[\(String(repeating: "#", count: 30))] 2 of 2 requests")
        try terminal.wait(for: "end-to-end latency")
        #expect(try terminal.finish() == 0)
    }

    @Test func `bench latency has rows in llama-bench's manner`() throws {
        let run = try Command.run(
            "bench", "latency", "--tests", "pp20,tg4,pp8+tg2", "--depth", "0,64", "--repeat", "2", "--json")
        #expect(run.status == 0, "\(run.stderr)")
        let lines = run.stdout.split(separator: "\n")
        #expect(lines.count == 9 && lines[..<8].allSatisfy { $0.hasPrefix("| ") && $0.count { $0 == "|" } == 8 })
        let last = try #require(lines.last)
        let report = try object(last)
        let rows = try #require(report["rows"] as? [[String: Any]])
        #expect(
            rows.map { $0["test"] as? String } == [
                "pp20", "tg4", "pp8+tg2", "pp20 @ d64", "tg4 @ d64", "pp8+tg2 @ d64",
            ])
        #expect(rows.map { $0["n_prompt"] as? Int } == [20, 0, 8, 20, 0, 8])
        for row in rows {
            #expect((row["avg_ts"] as? Double ?? 0) > 0 && (row["samples_ts"] as? [Double])?.count == 2)
        }
        #expect((report["samples"] as? [String: [Double]])?.count == 6)
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
        (["bench", "latency", "--tests", "pp0"], 64, ["ppN, tgN"]),
        (["bench", "latency", "--tests", "tg2", "--depth", "20"], 64, ["depth is 20", "32"]),
        (["bench", "latency", "--depth", "32"], 64, ["depth", "tests"]),
        (["bench", "throughput", "--num-prompts", "0"], 64, ["num-prompts is 0"]),
        (["bench", "throughput", "--repeat", "0"], 64, ["repeat is 0"]),
        (["bench", "throughput", "--dataset", "trace"], 64, ["trace", "dataset-path"]),
        (["bench", "throughput", "--dataset", "lines", "--dataset-path", "no-such"], 66, ["no-such"]),
        (["bench", "throughput", "--dataset", "lines", "--turns", "2"], 64, ["turns", "lines"]),
        (["bench", "throughput", "--save", "/no/such/folder/a.json"], 64, ["save", "/no/such/folder"]),
        (["bench", "throughput", "--input-len", "2000"], 65, ["prompt 0", "1024"]),
        (["bench", "compare", "no-such", "none"], 66, ["no-such"]),
        (["bench", "serve", "--saturation", "--repeat", "2"], 64, ["saturation", "repeat"]),
        (["bench", "serve", "--saturation"], 64, ["saturation", "goodput"]),
        (["bench", "serve", "--ramp-to", "5"], 64, ["ramp-to", "request-rate"]),
        (["bench", "serve", "--sweep-concurrency", "1,0"], 64, ["sweep-concurrency"]),
        (["bench", "serve", "--goodput", "mlperf:x"], 64, ["mlperf:", "llama3.1-8b"]),
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

import ArgumentParser
import LLMBench
import LLMGen

struct BenchLatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "Time a fixed batch of random prompts.",
        discussion: """
            Each figure is the median of the runs after a warm-up. With --tests the runs are those of llama.cpp's \
            llama-bench instead, one sequence each, and the table is its table: mean ± standard deviation. The last line \
            of --json is one JSON object.
            """)

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens of each prompt.", valueName: "n"))
    var inputLen = 512

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens generated from each prompt.", valueName: "n"))
    var outputLen = 32

    @Option(parsing: .unconditional, help: ArgumentHelp("Prompts that run together.", valueName: "n"))
    var batchSize = 8

    @Option(name: .customLong("repeat"), parsing: .unconditional, help: ArgumentHelp("Runs.", valueName: "n"))
    var runs = 3

    @Option(
        help: ArgumentHelp(
            "Tests in the manner of llama-bench: ppN, a prompt of N tokens; tgN, N tokens generated; ppN+tgM, both.",
            valueName: "test,…"),
        transform: PhaseTestList.init)
    var tests: PhaseTestList?

    @Option(
        help: ArgumentHelp(
            "Tokens of context that each test begins with, multiples of the block size. (default: 0)", valueName: "n,…"),
        transform: DepthList.init)
    var depth: DepthList?

    @Flag(help: "Print one JSON object after the table.")
    var json = false

    @OptionGroup(title: "Engine") var options: EngineOptionGroup

    func run() async throws {
        if let tests { return try await run(tests.tests) }
        guard depth == nil else {
            throw LLMGenError(
                code: .invalidArgument, message: "depth has no use without tests; give tests, or leave it out")
        }
        let benchmark = try LatencyBenchmark(
            inputLength: inputLen, outputLength: outputLen, batchSize: batchSize, runs: runs)
        let (tokens, overflow) = batchSize.multipliedReportingOverflow(by: inputLen)
        let (model, engine) = try await options.load(batchedTokens: overflow ? Int.max : tokens, prefixCaching: false)
        try benchmark.check(engine)
        Diagnostics.start(model, engine)
        let result = try await benchmark.run(engine)
        let report = LatencyReport(result, self, engine)
        for (name, value) in report.rows { try StandardStreams.write("\(name.padding(to: 24))\(value)\n") }
        if json { try report.printLine() }
    }

    private func run(_ tests: [PhaseTest]) async throws {
        let depths = depth?.depths ?? [0]
        let benchmark = try PhaseBenchmark(tests: tests, depths: depths, runs: runs)
        let (model, engine) = try await options.load(
            batchedTokens: max(512, tests.map(\.promptTokens).max() ?? 0), prefixCaching: depths.contains { $0 > 0 })
        try benchmark.check(engine)
        Diagnostics.start(model, engine)
        let report = PhaseReport(try await benchmark.run(engine), engine, runs: runs)
        for line in report.lines { try StandardStreams.write(line + "\n") }
        if json { try report.printLine() }
    }
}

/// Tests with commas between them.
struct PhaseTestList {
    let tests: [PhaseTest]

    /// - Throws: what a test looks like.
    init(_ argument: String) throws {
        tests = try argument.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let test = PhaseTest(String(part)) else {
                throw ValidationError("tests are ppN, tgN or ppN+tgM with commas between them, such as pp512,tg128")
            }
            return test
        }
    }
}

/// Depths with commas between them.
struct DepthList {
    let depths: [Int]

    /// - Throws: what depths look like.
    init(_ argument: String) throws {
        depths = try argument.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let depth = Int(part), depth >= 0 else {
                throw ValidationError("depth has whole numbers with commas between them, such as 0,4096")
            }
            return depth
        }
    }
}

/// The table of llama-bench, and the object that `bench latency --tests --json` prints last, with its names.
struct PhaseReport: Encodable {
    struct Row: Encodable {
        let test: String
        let n_prompt, n_gen, n_depth: Int
        let avg_ts: Double
        let stddev_ts: Double?
        let samples_ts: [Double]
    }

    let model: String
    let compute_dtype, quantization, kv_cache_dtype, cpu_features: String
    let threads, runs: Int
    let model_size, model_n_params: Int
    let rows: [Row]
    let samples: [String: [Double]]
    let machine = Machine()

    private enum CodingKeys: String, CodingKey {
        case model, compute_dtype, quantization, kv_cache_dtype, cpu_features, threads, runs, model_size, model_n_params
        case rows, samples, machine
    }

    init(_ results: [PhaseBenchmark.Result], _ engine: Engine, runs: Int) {
        let model = engine.model
        self.model = model.name
        compute_dtype = model.arithmetic.rawValue
        quantization = model.quantization?.description ?? "none"
        kv_cache_dtype = engine.kvCacheDtype.rawValue
        cpu_features = model.cpuFeatures.rawValue
        threads = model.threads
        self.runs = runs
        (model_size, model_n_params) = PhaseBenchmark.size(model)
        rows = results.map { result in
            Row(
                test: result.name, n_prompt: result.test.promptTokens, n_gen: result.test.outputTokens,
                n_depth: result.depth, avg_ts: result.samples.mean, stddev_ts: result.samples.deviation,
                samples_ts: result.samples.values)
        }
        samples = Dictionary(results.map { ($0.name, $0.samples.values) }) { one, _ in one }
    }

    /// The lines of a Markdown table.
    var lines: [String] {
        let widths = [30, 10, 10, 12, 7, 18]
        func line(_ cells: [String]) -> String {
            "| " + zip(cells, widths + [20]).map { $0.padding(to: $1) }.joined(separator: " | ") + " |"
        }
        let size = String(format: "%.2f GiB", Double(model_size) / Double(1 << 30))
        let parameters = String(format: "%.2f B", Double(model_n_params) * 1e-9)
        let kind = "\(model) \(quantization == "none" ? compute_dtype : quantization)"
        return [
            line(["model", "size", "params", "backend", "threads", "test", "t/s"]),
            "| " + (widths + [20]).map { String(repeating: "-", count: $0) }.joined(separator: " | ") + " |",
        ]
            + rows.map { row in
                let deviation = row.stddev_ts.map { String(format: " ± %.2f", $0) } ?? ""
                return line([
                    kind, size, parameters, cpu_features, "\(threads)", row.test,
                    String(format: "%.2f", row.avg_ts) + deviation,
                ])
            }
    }
}

/// The object that `bench latency --json` prints last.
struct LatencyReport: Encodable {
    let model: String
    let compute_dtype: String
    let quantization: String
    let kv_cache_dtype: String
    let cpu_features: String
    let threads: Int
    let input_len: Int
    let output_len: Int
    let batch_size: Int
    let runs: Int
    let prefill_tokens_per_s: Double
    let decode_tokens_per_s: Double
    let ttft_s: Double
    let tpot_s: Double
    let load_s: Double
    let peak_rss_bytes: Int
    let limits: Limits
    let samples: [String: [Double]]

    /// What the machine allows, measured between the runs; parts of it that were reached.
    struct Limits: Encodable {
        let read_bytes_per_s: Double
        let operations_per_s: Double
        let bytes_per_step: Int
        let prefill_of_operations: Double
        let decode_of_operations: Double
        let decode_of_read: Double
    }

    init(_ result: LatencyBenchmark.Result, _ command: BenchLatencyCommand, _ engine: Engine) {
        let model = engine.model
        self.model = model.name
        compute_dtype = model.arithmetic.rawValue
        quantization = model.quantization?.description ?? "none"
        kv_cache_dtype = engine.kvCacheDtype.rawValue
        cpu_features = model.cpuFeatures.rawValue
        threads = model.threads
        input_len = command.inputLen
        output_len = command.outputLen
        batch_size = command.batchSize
        runs = command.runs
        prefill_tokens_per_s = result.prefillTokensPerSecond
        decode_tokens_per_s = result.decodeTokensPerSecond
        ttft_s = result.ttftSeconds
        tpot_s = result.tpotSeconds
        load_s = model.loadSeconds
        peak_rss_bytes = result.peakRSS.bytes
        samples = result.samples
        let limits = result.limits
        self.limits = Limits(
            read_bytes_per_s: limits.readBytesPerSecond, operations_per_s: limits.operationsPerSecond,
            bytes_per_step: limits.bytesPerStep, prefill_of_operations: limits.prefillOfOperations,
            decode_of_operations: limits.decodeOfOperations, decode_of_read: limits.decodeOfRead)
    }

    private var operations: String {
        "\(compute_dtype) at \(Diagnostics.rounded(limits.operations_per_s / 1e9)) G op/s"
    }

    private func percent(_ part: Double) -> String { "\(Diagnostics.rounded(part * 100)) %" }

    /// Names and values, as a person reads them.
    var rows: [(String, String)] {
        [
            ("batch", "\(batch_size) prompts of \(input_len) tokens, \(output_len) out, \(runs) runs"),
            (
                "prefill",
                "\(Diagnostics.rounded(prefill_tokens_per_s)) tokens/s, \(percent(limits.prefill_of_operations)) of "
                    + "\(operations)"
            ),
            (
                "decode",
                "\(Diagnostics.rounded(decode_tokens_per_s)) tokens/s, \(percent(limits.decode_of_read)) of memory at "
                    + "\(Diagnostics.rounded(limits.read_bytes_per_s / 1e9)) GB/s, "
                    + "\(percent(limits.decode_of_operations)) of \(operations)"
            ),
            ("read in a decode step", "\(ByteCount(bytes: limits.bytes_per_step))"),
            ("time to first token", "\(Diagnostics.rounded(ttft_s * 1000)) ms"),
            ("time per output token", "\(Diagnostics.rounded(tpot_s * 1000)) ms"),
            ("load", "\(Diagnostics.rounded(load_s)) s"),
            ("peak memory", "\(ByteCount(bytes: peak_rss_bytes))"),
        ]
    }
}

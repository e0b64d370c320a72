import ArgumentParser
import LLMBench
import LLMGen

struct BenchLatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "Time a fixed batch of random prompts.",
        discussion: "Each figure is the median of the runs after a warm-up. The last line of --json is one JSON object."
    )

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens of each prompt.", valueName: "n"))
    var inputLen = 512

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens generated from each prompt.", valueName: "n"))
    var outputLen = 32

    @Option(parsing: .unconditional, help: ArgumentHelp("Prompts that run together.", valueName: "n"))
    var batchSize = 8

    @Option(name: .customLong("repeat"), parsing: .unconditional, help: ArgumentHelp("Runs.", valueName: "n"))
    var runs = 3

    @Flag(help: "Print one JSON object after the table.")
    var json = false

    @OptionGroup(title: "Engine") var options: EngineOptionGroup

    func run() async throws {
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

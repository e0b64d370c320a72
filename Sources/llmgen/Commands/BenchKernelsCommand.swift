import ArgumentParser
import LLMBench
import LLMGen

struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels", abstract: "Time the kernels beside the machine's limits.",
        discussion: """
            Each kernel and its limit run in turns; the last column is the median of their ratios. A kernel that is \
            faster than its limit fails the run. The last line of --json is one JSON object.
            """)

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Threads that compute. (default: one a core)", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Instruction sets to use.", valueName: "name"))
    var cpuFeatures = AutoOr<CPUFeatures>.auto

    @Option(name: .customLong("repeat"), parsing: .unconditional, help: ArgumentHelp("Turns.", valueName: "n"))
    var runs = 7

    @Option(help: ArgumentHelp("Only kernels with this in their names.", valueName: "text"))
    var filter: String?

    @Flag(help: "Print one JSON object after the table.")
    var json = false

    func run() throws {
        let benchmark = try KernelBenchmark(
            threads: threads, cpuFeatures: cpuFeatures.value, runs: runs, filter: filter)
        var report = KernelsReport(benchmark)
        for row in report.limitRows { try StandardStreams.write(row + "\n") }
        try StandardStreams.write("\n\(KernelsReport.Row.header)\n")
        var results: [KernelBenchmark.Result] = []
        try benchmark.run { result in
            results.append(result)
            let row = KernelsReport.Row(result)
            try StandardStreams.write(row.line + "\n")
            report.kernels.append(row)
        }
        if json { try report.printLine() }
        for result in results { try result.check() }
    }
}

/// The object that `bench kernels --json` prints last.
struct KernelsReport: Encodable {
    let cpu_features: String
    let threads: Int
    let runs: Int
    let read_bytes_per_s: Double
    let operations_per_s: [String: Double]
    var kernels: [Row] = []

    struct Row: Encodable {
        let kernel: String
        let shape: String
        let rows: Int
        let seconds: Double
        let operations_per_s: Double
        let bytes_per_s: Double
        let limit: String
        let limit_seconds: Double
        let of_limit: Double

        init(_ result: KernelBenchmark.Result) {
            kernel = result.kernel
            shape = result.shape
            rows = result.rows
            seconds = result.seconds
            operations_per_s = result.operations / result.seconds
            bytes_per_s = Double(result.byteCount) / result.seconds
            limit = result.boundName
            limit_seconds = result.boundSeconds
            of_limit = result.ofLimit
        }

        static let header =
            "kernel".padding(to: 18) + "shape".padding(to: 32) + "rows".padding(to: 6) + "time".padding(to: 11)
            + "rate".padding(to: 14) + "limit".padding(to: 24) + "of limit"

        /// One line of the table; rates are in the limit's unit.
        var line: String {
            let isMemory = limit == "memory"
            let rate = isMemory ? bytes_per_s : operations_per_s
            let unit = isMemory ? "GB/s" : "Gop/s"
            return kernel.padding(to: 18) + shape.padding(to: 32) + "\(rows)".padding(to: 6)
                + (seconds < 1e-3
                ? "\(Diagnostics.rounded(seconds * 1e6)) us" : "\(Diagnostics.rounded(seconds * 1e3)) ms").padding(
                    to: 11)
                + "\(Diagnostics.rounded(rate * 1e-9)) \(unit)".padding(to: 14)
                + "\(Diagnostics.rounded(rate * seconds / limit_seconds * 1e-9)) \(unit) \(limit)".padding(to: 24)
                + "\(Diagnostics.rounded(of_limit * 100)) %"
        }
    }

    init(_ benchmark: KernelBenchmark) {
        let limits = MachineLimits(benchmark.compute)
        cpu_features = benchmark.compute.features.rawValue
        threads = benchmark.compute.pool.threads
        runs = benchmark.runs
        read_bytes_per_s = limits.readBytesPerSecond(over: 256 << 20)
        operations_per_s = Dictionary(
            uniqueKeysWithValues: MultiplyAdd.allCases.map { ($0.rawValue, limits.operationsPerSecond($0)) })
    }

    /// The machine's limits, as a person reads them.
    var limitRows: [String] {
        [
            "\(cpu_features), \(threads == 1 ? "1 thread" : "\(threads) threads"), \(runs) turns",
            "memory".padding(to: 18) + "\(Diagnostics.rounded(read_bytes_per_s * 1e-9)) GB/s read",
        ]
            + MultiplyAdd.allCases.map { kind in
                kind.rawValue.padding(to: 18)
                    + "\(Diagnostics.rounded((operations_per_s[kind.rawValue] ?? 0) * 1e-9)) Gop/s"
            }
    }
}

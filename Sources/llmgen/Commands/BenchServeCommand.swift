public import ArgumentParser
import Foundation
public import LLMBench
import LLMGen

struct BenchServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Load an OpenAI-style endpoint and measure what its clients see.",
        discussion: """
            Measures are vLLM's: time to first token, time per output token, inter-token and end-to-end latency, \
            throughput, goodput. The exit code is 1 when a request failed, refusals with 429 or 503 apart. The last \
            line of --json is one JSON object.
            """)

    @Option(name: .customLong("base-url"), help: ArgumentHelp("The server, over http.", valueName: "url"))
    var baseURL = "http://127.0.0.1:8000"

    @Option(help: ArgumentHelp("The route.", valueName: "path"))
    var endpoint = LoadGenerator.Endpoint.completions

    @Option(help: ArgumentHelp("Model to ask. (default: the first of GET /v1/models)", valueName: "name"))
    var model: String?

    @Option(help: ArgumentHelp("Bearer token. (default: that of LLMGEN_API_KEY)", valueName: "key"))
    var apiKey: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Requests to send. (default: 100)", valueName: "n"))
    var numPrompts: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Send for this long, such as 60s, instead of a number of requests.", valueName: "time"),
        transform: time)
    var duration: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Most requests under way at once. (default: any number)", valueName: "n"))
    var maxConcurrency: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Requests a second; inf for as soon as may be. (default: inf, or the times that the data has)",
            valueName: "r"))
    var requestRate: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How even the times are: 1 is a Poisson process, less comes in bursts, inf at a constant pace.",
            valueName: "x"))
    var burstiness = 1.0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The rate that the load ends with; it goes there evenly from --request-rate.", valueName: "r"))
    var rampTo: Double?

    @Flag(name: .customLong("ignore-eos"), help: "Generate past the end of a text.")
    var ignoreEOS = false

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Sampling temperature. (default: the server's)", valueName: "t"))
    var temperature: Double?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Requests before the measurement, not counted.", valueName: "n"))
    var numWarmups = 0

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Bounds in milliseconds that a good request keeps, such as ttft:200 tpot:50 e2el:5000, or mlperf: and a task, "
                + "such as mlperf:llama3.1-8b-interactive.", valueName: "name:ms"))
    var goodput: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How probable it is that a client goes away at a random output; those requests are counted apart.",
            valueName: "p"))
    var disconnectProbability = 0.0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Clients besides that send a request and never read.", valueName: "n"))
    var noReadClients = 0

    @Flag(inversion: .prefixedNo, help: "Send one request after the other on a connection.")
    var reuseConnections = true

    @Option(parsing: .unconditional, help: ArgumentHelp("Threads of this client.", valueName: "n"))
    var clientThreads = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long a request may take. (default: 600s)", valueName: "time"), transform: time)
    var timeout: Duration?

    @Option(name: .customLong("repeat"), parsing: .unconditional, help: ArgumentHelp("Runs.", valueName: "n"))
    var runs = 1

    @Option(
        help: ArgumentHelp(
            "Runs with these many requests under way at once, such as 1,4,16, instead of --max-concurrency.",
            valueName: "n,n,…"),
        transform: ConcurrencyList.init)
    var sweepConcurrency: ConcurrencyList?

    @Flag(
        help: "Search for the highest rate at which 99 % of requests are within --goodput, from --request-rate or 1 on."
    )
    var saturation = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long that search may take. (default: 600s)", valueName: "time"), transform: time)
    var searchTime: Duration?

    @Option(
        help: ArgumentHelp(
            "Model or tokenizer file that counts the tokens of sharegpt. (default: the bundled model)",
            valueName: "model"))
    var tokenizer = ModelLocator.bundledModel

    @OptionGroup(title: "Data") var data: DatasetOptionGroup

    @OptionGroup(title: "Report") var output: ReportOptionGroup

    func run() async throws {
        guard (1...1000).contains(runs) else {
            throw LLMGenError(code: .invalidArgument, message: "repeat is \(runs); it must be from 1 to 1000")
        }
        guard !saturation || (sweepConcurrency == nil && runs == 1 && rampTo == nil) else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "saturation sets the rates itself; leave out repeat, ramp-to and sweep-concurrency")
        }
        guard sweepConcurrency == nil || (runs == 1 && maxConcurrency == nil) else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "sweep-concurrency sets the numbers itself; leave out repeat and max-concurrency")
        }
        guard !saturation || !goodput.isEmpty else {
            throw LLMGenError(code: .invalidArgument, message: "saturation has no goals to keep; give goodput")
        }
        guard rampTo == nil || requestRate != nil else {
            throw LLMGenError(code: .invalidArgument, message: "ramp-to has no rate to begin with; give request-rate")
        }
        try output.check()
        let load = try load()
        if saturation { return try await search(load) }
        if let sweepConcurrency { return try await sweep(load, sweepConcurrency.counts) }
        var reports: [LoadReport] = []
        for _ in 0..<runs {
            reports.append(try await LoadGenerator(following(reports, load)).run())
        }
        let last = reports[reports.count - 1]
        let report = ServeReport(reports, load)
        for (name, value) in runs == 1 ? last.rows : report.rows {
            try StandardStreams.write("\(name.padding(to: 24))\(value)\n")
        }
        try output.write(
            report, saved: SavedReport(report: report, records: reports.map { $0.records.map(ServeRecord.init) }),
            charts: ChartPage(
                "\(last.model): \(Diagnostics.rounded(report.figures["output_throughput"] ?? 0)) generated tokens/s",
                subtitle: report.subtitle + (runs > 1 ? "; the last of \(runs) runs" : ""), last.charts))
        if reports.contains(where: { $0.failed > 0 }) { throw ExitCode(1) }
    }

    /// The load after others: with prompts that they did not have, unless the data's times go with its prompts.
    private func following(_ reports: [LoadReport], _ load: LoadGenerator.Configuration) -> LoadGenerator.Configuration
    {
        var load = load
        guard load.arrivals != .recorded else { return load }
        load.firstConversation = reports.reduce(0) { $0 + ($1.records.last?.index ?? 0) + 1 }
        return load
    }

    /// One run for each number of requests under way at once.
    private func sweep(_ load: LoadGenerator.Configuration, _ counts: [Int]) async throws {
        var reports: [LoadReport] = []
        var report = ConcurrencyReport(load)
        try StandardStreams.write(ConcurrencyReport.header + "\n")
        for count in counts {
            var load = following(reports, load)
            load.maxConcurrency = count
            reports.append(try await LoadGenerator(load).run())
            report.add(reports[reports.count - 1], count)
            try StandardStreams.write(report.lines[report.lines.count - 1] + "\n")
        }
        try output.write(
            report, saved: SavedReport(report: report, records: reports.map { $0.records.map(ServeRecord.init) }),
            charts: report.page)
        if reports.contains(where: { $0.failed > 0 }) { throw ExitCode(1) }
    }

    private func search(_ load: LoadGenerator.Configuration) async throws {
        let search = try SaturationSearch(
            start: requestRate ?? 1, timeLimit: searchTime ?? .seconds(600))
        var report = SaturationReport(load)
        try StandardStreams.write(SaturationReport.header + "\n")
        var problem: (any Error)?
        let result = try await search.run(load) { probe, loaded in
            report.add(probe, loaded)
            do {
                try StandardStreams.write(report.lines[report.lines.count - 1] + "\n")
            } catch { problem = problem ?? error }
        }
        if let problem { throw problem }
        report.result = result
        try StandardStreams.write(report.conclusion + "\n")
        try output.write(report, saved: report, charts: report.page)
    }

    private func load() throws -> LoadGenerator.Configuration {
        var load = LoadGenerator.Configuration()
        load.baseURL = baseURL
        load.endpoint = endpoint
        load.model = model
        load.apiKey = apiKey ?? ProcessInfo.processInfo.environment["LLMGEN_API_KEY"]
        load.requestCount = numPrompts
        load.duration = duration
        load.maxConcurrency = maxConcurrency
        var counter: ModelTokenizer?
        load.dataset = try data.load(vocabularySize: 1000, count: numPrompts ?? 100) { text throws(LLMGenError) in
            if counter == nil { counter = try ModelTokenizer(tokenizer) }
            return try counter?.encode(text).count ?? 0
        }
        load.arrivals = arrivals(load.dataset)
        load.ignoresEOS = ignoreEOS
        load.temperature = temperature
        load.seed = data.seed
        load.warmUpCount = numWarmups
        load.goodput = try Goodput(goodput)
        load.disconnectProbability = disconnectProbability
        load.noReadClientCount = noReadClients
        load.reusesConnections = reuseConnections
        load.threadCount = clientThreads
        load.timeout = timeout ?? load.timeout
        return load
    }

    private func arrivals(_ dataset: Dataset) -> Arrivals {
        let rate = requestRate ?? (saturation ? 1 : nil)
        if let rate, let rampTo { return .ramp(from: rate, to: rampTo, burstiness: burstiness) }
        guard let rate else { return dataset.hasTimes ? .recorded : .immediate }
        return rate == .infinity ? .immediate : .rate(rate, burstiness: burstiness)
    }
}

/// Numbers with commas between them.
struct ConcurrencyList {
    let counts: [Int]

    /// - Throws: what such a list looks like.
    init(_ argument: String) throws {
        counts = try argument.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let count = Int(part), (1...1_000_000).contains(count) else {
                throw ValidationError(
                    "sweep-concurrency has whole numbers from 1 with commas between them, such as 1,4,16")
            }
            return count
        }
    }
}

extension LoadGenerator.Endpoint: ExpressibleByArgument {}

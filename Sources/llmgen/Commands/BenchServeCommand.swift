public import ArgumentParser
import Foundation
public import LLMBench

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
        help: ArgumentHelp("Requests a second at random times; inf for as soon as may be.", valueName: "r"))
    var requestRate = Double.infinity

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How even the times are: 1 is a Poisson process, less comes in bursts, inf at a constant pace.",
            valueName: "x"))
    var burstiness = 1.0

    @Option(parsing: .unconditional, help: ArgumentHelp("Random token ids of a prompt.", valueName: "n"))
    var inputLen = 128

    @Option(parsing: .unconditional, help: ArgumentHelp("Most tokens generated for a prompt.", valueName: "n"))
    var outputLen = 128

    @Option(parsing: .unconditional, help: ArgumentHelp("Random token ids are below this.", valueName: "n"))
    var vocabSize = 1000

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Token ids before those, the same in all prompts.", valueName: "n"))
    var sharedPrefixLen = 0

    @Option(parsing: .unconditional, help: ArgumentHelp("A text for all prompts, instead of ids.", valueName: "text"))
    var prompt: String?

    @Option(help: ArgumentHelp("Texts to take in turn, one a line, instead of ids.", valueName: "file"))
    var promptFile: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Fixes prompts, times and disconnections.", valueName: "s"))
    var seed: UInt64 = 0

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
            "Bounds in milliseconds that a good request keeps, such as ttft:200 tpot:50 e2el:5000.",
            valueName: "name:ms"))
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

    @Flag(help: "Print one JSON object after the table.")
    var json = false

    func run() async throws {
        let report = try await LoadGenerator(load()).run()
        for (name, value) in report.rows { try StandardStreams.write("\(name.padding(to: 24))\(value)\n") }
        if json { try report.printLine() }
        if report.failed > 0 { throw ExitCode(1) }
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
        load.requestRate = requestRate
        load.burstiness = burstiness
        load.prompts = try LoadGenerator.Configuration.prompts(text: prompt, file: promptFile)
        load.inputLength = inputLen
        load.sharedPrefixLength = sharedPrefixLen
        load.vocabularySize = vocabSize
        load.outputLength = outputLen
        load.ignoresEOS = ignoreEOS
        load.temperature = temperature
        load.seed = seed
        load.warmUpCount = numWarmups
        load.goodput = try Goodput(goodput)
        load.disconnectProbability = disconnectProbability
        load.noReadClientCount = noReadClients
        load.reusesConnections = reuseConnections
        load.threadCount = clientThreads
        load.timeout = timeout ?? load.timeout
        return load
    }
}

extension LoadGenerator.Endpoint: ExpressibleByArgument {}

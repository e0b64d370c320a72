public import ArgumentParser
import LLMGen
public import LLMGenServer
public import Logging

/// Options of the HTTP server.
struct ServerOptionGroup: ParsableArguments {
    @Option(help: ArgumentHelp("Address to listen at; 0.0.0.0 for every one.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(parsing: .unconditional, help: ArgumentHelp("Port; 0 for any that is free.", valueName: "n"))
    var port = 8000

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Connections there may be at once.", valueName: "n"))
    var maxConnections = 4096

    @Option(
        help: ArgumentHelp(
            "Key that requests must come with, as KEY or NAME:KEY; may be repeated. (default: none is asked for)",
            valueName: "key"))
    var apiKey: [String] = []

    @Option(help: ArgumentHelp("File of such keys, one a line.", valueName: "file"))
    var apiKeyFile: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Requests of one key that may be served at once. (default: any number)", valueName: "n"))
    var maxConcurrentRequestsPerKey: Int?

    @Flag(help: "Share cached prefixes between keys; how fast an answer comes then tells what others have asked.")
    var sharePrefixesBetweenKeys = false

    @Option(
        help: ArgumentHelp(
            "Origin whose pages may call the server, or *; may be repeated. (default: none)", valueName: "origin"))
    var corsOrigin: [String] = []

    @Option(help: ArgumentHelp("Certificate chain in PEM; with --tls-key the server speaks HTTPS.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("Private key of the certificate, in PEM.", valueName: "file"))
    var tlsKey: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Bytes of a request's body at most. (default: 8MiB)", valueName: "size"),
        transform: amount)
    var maxBodySize = ByteCount(bytes: 8 << 20)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Bytes of a prompt's text at most. (default: 1MiB)", valueName: "size"), transform: amount)
    var maxPromptSize = ByteCount(bytes: 1 << 20)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Samples, of all prompts together, that one request may ask for.", valueName: "n"))
    var maxSamples = 128

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Until when a request's head, and then its body, must have come. (default: 30s)", valueName: "time"),
        transform: time)
    var receiveTimeout = Duration.seconds(30)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long a connection without a request is kept open. (default: 75s)", valueName: "time"),
        transform: time)
    var keepAliveTimeout = Duration.seconds(75)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long a client may not read what is ready for it. (default: 60s)", valueName: "time"),
        transform: time)
    var sendTimeout = Duration.seconds(60)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Longest time of a request that names none; it then ends with what it has. (default: any)",
            valueName: "time"), transform: time)
    var requestTimeout: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Time without a completed step after which /health tells that the engine is stuck. (default: 60s)",
            valueName: "time"),
        transform: time)
    var stuckAfter = Duration.seconds(60)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "After SIGTERM, how long requests are still accepted while /ready tells no. (default: 0s)",
            valueName: "time"),
        transform: time)
    var drainDelay = Duration.zero

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("After that, how long what runs may go on. (default: 30s)", valueName: "time"),
        transform: time)
    var drainTimeout = Duration.seconds(30)

    @Option(
        help: ArgumentHelp("What names of metrics begin with; vllm: for dashboards of vLLM.", valueName: "prefix"))
    var metricsPrefix = "llmgen_"

    @Option(help: ArgumentHelp("How the log on stderr is written.", valueName: "format"))
    var logFormat = LogFormat.text

    @Option(help: ArgumentHelp("What is logged at least.", valueName: "level"))
    var logLevel = Logger.Level.info

    @Option(help: ArgumentHelp("YAML file of options.", valueName: "file"))
    var config: String?

    @Flag(help: "Print every option with its value and where that comes from, and leave.")
    var printConfig = false

    /// The options without API keys. - Throws: ``LLMGenError`` for a value out of its range, or certificates that
    /// cannot be read.
    var options: ServerOptions {
        get throws(LLMGenError) {
            try check("port", port, in: 0...65535)
            try check("max-connections", maxConnections, in: 1...1_000_000)
            try check("max-samples", maxSamples, in: 1...100_000)
            try check("max-body-size", maxBodySize.bytes, in: 1...(1 << 30))
            try check("max-prompt-size", maxPromptSize.bytes, in: 1...(1 << 30))
            if let limit = maxConcurrentRequestsPerKey {
                try check("max-concurrent-requests-per-key", limit, in: 1...1_000_000)
            }
            var options = ServerOptions()
            (options.host, options.port, options.maxConnections) = (host, port, maxConnections)
            options.maxConcurrentRequestsPerKey = maxConcurrentRequestsPerKey
            options.sharesPrefixesBetweenKeys = sharePrefixesBetweenKeys
            options.corsOrigins = corsOrigin
            (options.maxBodyBytes, options.maxSamples) = (maxBodySize.bytes, maxSamples)
            options.maxPromptBytes = maxPromptSize.bytes
            (options.receiveTimeout, options.keepAliveTimeout) = (receiveTimeout, keepAliveTimeout)
            (options.sendTimeout, options.requestTimeout) = (sendTimeout, requestTimeout)
            (options.stuckAfter, options.drainDelay, options.drainTimeout) = (stuckAfter, drainDelay, drainTimeout)
            options.metricsPrefix = metricsPrefix
            switch (tlsCertificate, tlsKey) {
            case (let certificate?, let key?): try options.useTLS(certificate: certificate, key: key)
            case (nil, nil): break
            default:
                throw LLMGenError(
                    code: .invalidArgument, message: "one of tls-certificate and tls-key is given; give both")
            }
            return options
        }
    }

    private func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(LLMGenError) {
        guard !range.contains(value) else { return }
        throw LLMGenError(
            code: .invalidArgument,
            message: "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound)")
    }
}

extension LogFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}

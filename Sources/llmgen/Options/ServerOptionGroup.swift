import ArgumentParser
import LLMGen
import LLMGenServer
import Logging

/// Options of the HTTP server.
struct ServerOptionGroup: SettingTable {
    /// Models to serve; none for the bundled one.
    var models: [ModelArgument] = []
    var aliases: [AliasArgument] = []
    var chatTemplates: [String] = []
    var toolDialects: [String] = []
    /// The server's own, without API keys and certificates.
    var server = ServerOptions()
    var apiKeys: [String] = []
    var apiKeyFile: String?
    var tlsCertificate: String?
    var tlsKey: String?
    var logFormat = LogFormat.text
    var logLevel = Logger.Level.info
    var config: String?
    var printsConfig = false
    var fault: ValidationError?

    static let settings: [Setting<ServerOptionGroup>] = [
        Setting(
            "model", each: .model, \.models, shown: ModelLocator.bundledModel, valueName: "model",
            help: "Model to serve, as NAME=PATH or PATH; may be repeated. After PATH may follow ,threads=N and "
                + ",kv-cache-memory=SIZE, else the models have equal shares."),
        Setting(
            "alias", each: .alias, \.aliases, shown: "none", valueName: "alias",
            help: "Further name for a model, as ALIAS=NAME; may be repeated."),
        Setting(
            "chat-template", each: .text, \.chatTemplates, shown: "the model's own", valueName: "file",
            help: "Chat template, as FILE for every model or NAME=FILE for one; may be repeated."),
        Setting(
            "tool-dialect", each: .text, \.toolDialects, shown: "what the chat template writes", valueName: "name",
            help: "How the model writes calls of tools, as DIALECT for every model or NAME=DIALECT for one; may be "
                + "repeated."),
        Setting(
            "host", .text, \.server.host, valueName: "address", help: "Address to listen at; 0.0.0.0 for every one."),
        Setting(
            "port", .integer(in: 0...65535), \.server.port, valueName: "n", help: "Port; 0 for any that is free."),
        Setting(
            "max-connections", .integer(in: 1...1_000_000), \.server.maxConnections, valueName: "n",
            help: "Connections there may be at once."),
        Setting(
            "api-key", each: .text, \.apiKeys, shown: "none is asked for", valueName: "key",
            help: "Key that requests must come with, as KEY or NAME:KEY; may be repeated."),
        Setting(
            "api-key-file", optional: .text, \.apiKeyFile, valueName: "file", help: "File of such keys, one a line."),
        Setting(
            "max-concurrent-requests-per-key", optional: .integer(in: 1...1_000_000),
            \.server.maxConcurrentRequestsPerKey, shown: "any number", valueName: "n",
            help: "Requests of one key that may be served at once."),
        Setting(
            "share-prefixes-between-keys", \.server.sharesPrefixesBetweenKeys,
            help: "Share cached prefixes between keys; how fast an answer comes then tells what others have asked."),
        Setting(
            "cors-origin", each: .text, \.server.corsOrigins, shown: "none", valueName: "origin",
            help: "Origin whose pages may call the server, or *; may be repeated."),
        Setting(
            "tls-certificate", optional: .text, \.tlsCertificate, valueName: "file",
            help: "Certificate chain in PEM; with --tls-key the server speaks HTTPS."),
        Setting(
            "tls-key", optional: .text, \.tlsKey, valueName: "file", help: "Private key of the certificate, in PEM."),
        Setting(
            "max-body-size", .amount(upTo: .gibibytes(1)), \.server.maxBodyBytes, valueName: "size",
            help: "Bytes of a request's body at most."),
        Setting(
            "max-prompt-size", .amount(upTo: .gibibytes(1)), \.server.maxPromptBytes, valueName: "size",
            help: "Bytes of a prompt's text at most."),
        Setting(
            "max-samples", .integer(in: 1...100_000), \.server.maxSamples, valueName: "n",
            help: "Samples, of all prompts together, that one request may ask for."),
        Setting(
            "receive-timeout", .time, \.server.receiveTimeout, valueName: "time",
            help: "Until when a request's head, and then its body, must have come."),
        Setting(
            "keep-alive-timeout", .time, \.server.keepAliveTimeout, valueName: "time",
            help: "How long a connection without a request is kept open."),
        Setting(
            "send-timeout", .time, \.server.sendTimeout, valueName: "time",
            help: "How long a client may not read what is ready for it."),
        Setting(
            "request-timeout", optional: .time, \.server.requestTimeout, shown: "any", valueName: "time",
            help: "Longest time of a request that names none; it then ends with what it has."),
        Setting(
            "stuck-after", .time, \.server.stuckAfter, valueName: "time",
            help: "Time without a completed step after which /health tells that the engine is stuck."),
        Setting(
            "drain-delay", .time, \.server.drainDelay, valueName: "time",
            help: "After SIGTERM, how long requests are still accepted while /ready tells no."),
        Setting(
            "drain-timeout", .time, \.server.drainTimeout, valueName: "time",
            help: "After that, how long what runs may go on."),
        Setting(
            "metrics-prefix", .text, \.server.metricsPrefix, valueName: "prefix",
            help: "What names of metrics begin with; vllm: for dashboards of vLLM."),
        Setting("log-format", .choice, \.logFormat, valueName: "format", help: "How the log on stderr is written."),
        Setting("log-level", .choice, \.logLevel, valueName: "level", help: "What is logged at least."),
        Setting("config", optional: .text, \.config, valueName: "file", help: "YAML file of options."),
        Setting(
            "print-config", \.printsConfig,
            help: "Print every option with its value and where that comes from, and leave."),
    ]

    /// The options without API keys. - Throws: ``LLMGenError`` for certificates that cannot be read.
    var options: ServerOptions {
        get throws(LLMGenError) {
            var options = server
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
}

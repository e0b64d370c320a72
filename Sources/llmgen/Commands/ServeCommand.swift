import ArgumentParser
import Foundation
import LLMGen
import LLMGenServer
import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve models over HTTP, as OpenAI does.",
        discussion: """
            Every option can also be given in the environment (LLMGEN_PORT for --port, lists with commas) or in a YAML \
            file of options (--config). Flags go before the environment, that before the file. SIGTERM drains the \
            server, SIGHUP reads the API keys again.
            """)

    @OptionGroup(title: "Server") var server: ServerOptionGroup
    @OptionGroup(title: "Engines") var engine: EngineSettings

    func run() async throws {
        if server.printsConfig {
            let arguments = Array(CommandLine.arguments.dropFirst(2))
            let configuration = try ServeConfiguration(arguments, ProcessInfo.processInfo.environment)
            return try StandardStreams.write(configuration.description)
        }
        // A client that has gone is an error of its connection.
        signal(SIGPIPE, SIG_IGN)
        // Until the server reads its keys again on this signal, there is nothing to do.
        signal(SIGHUP, SIG_IGN)
        ServerLog.start(format: server.logFormat, level: server.logLevel)
        let keys = KeySource(texts: server.apiKeys, file: server.apiKeyFile)
        var options = try server.options
        options.apiKeys = try keys.read()
        options.maxQueuedRequests = engine.scheduling.maxQueuedRequests ?? options.maxQueuedRequests
        let endpoint = try Endpoint(models: try servedModels(), options: options)
        try await ServerProcess(endpoint: endpoint, readKeys: keys.read).run()
    }

    private func servedModels() throws(LLMGenError) -> [ServedModel] {
        let models = server.models.isEmpty ? [try ModelArgument(path: ModelLocator.bundledModel)] : server.models
        var aliases: [String: [String]] = [:]
        for alias in server.aliases { aliases[alias.name, default: []].append(alias.alias) }
        if let unknown = aliases.keys.first(where: { name in !models.contains { $0.name == name } }) {
            throw LLMGenError(
                code: .invalidArgument,
                message: "an alias is for '\(unknown)', which is no model's name; those are "
                    + models.map { "'\($0.name)'" }.joined(separator: ", "))
        }
        var served: [ServedModel] = []
        for model in models {
            let (loading, scheduling) = model.shares(engine, of: models.count)
            let template = try self.template(of: model.name)
            let dialect = ServeCommand.value(of: model.name, in: server.toolDialects)
            served.append(
                ServedModel(
                    name: model.name, aliases: aliases[model.name] ?? [], chatTemplate: template,
                    toolDialect: dialect
                ) {
                    () throws(LLMGenError) in
                    let loaded = try await LanguageModel.load(model.path, loading)
                    let engine = try Engine(model: loaded, options: scheduling)
                    Logger(label: "llmgen").info(
                        "loaded",
                        metadata: ["model": "\(model.name)", "as": "\(Diagnostics.description(loaded, engine))"])
                    return engine
                })
        }
        return served
    }

    /// The chat template that the options name for a model.
    private func template(of name: String) throws(LLMGenError) -> ChatTemplate? {
        try ServeCommand.value(of: name, in: server.chatTemplates).map(ChatFormat.template(file:))
    }

    /// What options of the form VALUE or NAME=VALUE say for a model.
    private static func value(of name: String, in options: [String]) -> String? {
        let own = options.last { $0.hasPrefix("\(name)=") }
        return own.map { String($0.dropFirst(name.utf8.count + 1)) } ?? options.last { !$0.contains("=") }
    }
}

/// The API keys of flags and file, read at the start and again whenever they are asked for.
private struct KeySource {
    let texts: [String]
    let file: String?

    @Sendable func read() throws(LLMGenError) -> APIKeys {
        let lines: [String] = if let file { try APIKeys.lines(of: file) } else { [] }
        return try APIKeys(texts + lines)
    }
}

import ArgumentParser
import LLMGen

/// The `llmgen` command.
@main
struct LLMGenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "llmgen",
        abstract: "Text generation with large language models on ordinary CPUs.",
        version: llmgenVersion,
        subcommands: [
            GenerateCommand.self, ChatCommand.self, ServeCommand.self, TokenizeCommand.self, InspectCommand.self,
            PerplexityCommand.self, BenchCommand.self,
        ])

    static func main() async {
        StandardStreams.prepare()
        do {
            var command = try parseAsRoot(try ServeConfiguration.arguments())
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            CommandFailure.exit(error)
        }
    }
}

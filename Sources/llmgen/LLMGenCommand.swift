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
            QuantizeCommand.self, PerplexityCommand.self, GrammarCommand.self, BenchCommand.self,
        ])

    /// `--stop=` as two arguments, up to `--`: of an empty text after the equals sign the parser would know nothing, and
    /// take the next argument in its place.
    private static func separated(_ arguments: [String]) -> [String] {
        let options = arguments.prefix { $0 != "--" }
        return options.flatMap { argument in
            let isEmptyValue = argument.hasPrefix("--") && argument.firstIndex(of: "=") == argument.indices.last
            return isEmptyValue ? [String(argument.dropLast()), ""] : [argument]
        } + arguments[options.count...]
    }

    static func main() async {
        StandardStreams.prepare()
        do {
            try StandardStreams.checkArguments()
            var command = try parseAsRoot(separated(try ServeConfiguration.arguments()))
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

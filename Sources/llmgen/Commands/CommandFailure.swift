import ArgumentParser
import Foundation
import LLMGen

/// How a command fails: one line on stderr and the exit code of the contract.
enum CommandFailure {
    /// Ends the process. Help and version go to stdout with code 0.
    static func exit(_ error: any Error) -> Never {
        switch error {
        case let error as LLMGenError:
            report(error.message)
            Foundation.exit(code(of: error))
        case let code as ExitCode:
            Foundation.exit(code.rawValue)
        case is CancellationError:
            Foundation.exit(interrupted)
        default:
            let code = LLMGenCommand.exitCode(for: error)
            if code.isSuccess { LLMGenCommand.exit(withError: error) }
            report(code == .validationFailure ? usageMessage(error) : "\(error)")
            Foundation.exit(code == .validationFailure ? usage : code.rawValue)
        }
    }

    static let usage: Int32 = 64
    static let badData: Int32 = 65
    static let notFound: Int32 = 66
    static let interrupted: Int32 = 130

    /// One line, `error: …`, whatever line breaks the message has.
    static func report(_ message: String) {
        StandardStreams.report("error: " + message.split(whereSeparator: \.isNewline).joined(separator: " "))
    }

    /// What is wrong with the arguments, in the form of the other errors, and where to read on.
    private static func usageMessage(_ error: any Error) -> String {
        var message = LLMGenCommand.message(for: error).replacing(". Please provide one of", with: "; give one of")
        while message.last == "." { message.removeLast() }
        if message.dropFirst().first?.isLowercase == true {
            message = message.prefix(1).lowercased() + message.dropFirst()
        }
        var verb = ""
        var verbs = LLMGenCommand.configuration.subcommands
        for argument in CommandLine.arguments.dropFirst() {
            guard let command = verbs.first(where: { $0.configuration.commandName == argument }) else { break }
            verb += " \(argument)"
            verbs = command.configuration.subcommands
        }
        if let stranger = unknownOption() {
            message = "unknown option '\(stranger)'"
            if stranger.contains(where: { $0 == " " || $0.isNumber }) {
                message += "; a prompt that begins with a dash comes after --"
            }
        }
        return "\(message); see llmgen\(verb) --help"
    }

    /// The first argument that looks like an option and is none of the verb's: what the parser has taken it for, or what
    /// it then misses, says less.
    private static func unknownOption() -> String? {
        let arguments = CommandLine.arguments.dropFirst()
        guard let verb = arguments.first,
            let command = LLMGenCommand.configuration.subcommands.first(where: {
                $0.configuration.commandName == verb && $0.configuration.subcommands.isEmpty
            })
        else { return nil }
        let known = Set(command.helpMessage(columns: 1000).matches(of: /--[a-z0-9-]+|-h\b/).map { String($0.output) })
        var before = ""
        for argument in arguments.dropFirst().prefix(while: { $0 != "--" }) {
            // After an option, one dash may begin its value.
            let isOption = argument.hasPrefix("--") || (argument.hasPrefix("-") && !known.contains(before))
            if isOption, argument.count > 1, !known.contains(String(argument.prefix { $0 != "=" })) { return argument }
            before = argument
        }
        return nil
    }

    private static func code(of error: LLMGenError) -> Int32 {
        switch error.code {
        case .invalidArgument: usage
        case .invalidInput: badData
        case .contextLengthExceeded: error.field == "max_tokens" ? usage : badData
        case .notFound: notFound
        default: 1
        }
    }
}

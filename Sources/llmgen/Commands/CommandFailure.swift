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
        let verbs = LLMGenCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
        let verb = CommandLine.arguments.dropFirst().first.flatMap { verbs.contains($0) ? " \($0)" : nil } ?? ""
        return "\(message.prefix(1).lowercased())\(message.dropFirst()); see llmgen\(verb) --help"
    }

    private static func code(of error: LLMGenError) -> Int32 {
        switch error.code {
        case .invalidArgument: usage
        case .invalidInput: badData
        case .notFound: notFound
        default: 1
        }
    }
}

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
            if LLMGenCommand.exitCode(for: error).isSuccess { LLMGenCommand.exit(withError: error) }
            report("\(LLMGenCommand.message(for: error)); see llmgen --help")
            Foundation.exit(usage)
        }
    }

    /// One line, `error: …`, whatever line breaks the message has.
    static func report(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        FileHandle.standardError.write(Data("error: \(line)\n".utf8))
    }

    static let usage: Int32 = 64
    static let badData: Int32 = 65
    static let notFound: Int32 = 66
    static let interrupted: Int32 = 130

    private static func code(of error: LLMGenError) -> Int32 {
        switch error.code {
        case .invalidArgument: usage
        case .invalidInput: badData
        case .notFound: notFound
        default: 1
        }
    }
}

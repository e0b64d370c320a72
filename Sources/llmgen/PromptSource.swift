import ArgumentParser
import Foundation
import LLMGen

/// Where the prompt comes from: the argument, token ids, a file, or stdin when none of them is given.
struct PromptSource: ParsableArguments {
    @Argument(help: "The text to continue. (default: stdin)")
    var prompt: String?

    @Option(help: "File with the prompt.")
    var promptFile: String?

    @Option(parsing: .unconditional, help: "Token ids to continue, such as 1,2,3; no BOS is added.")
    var promptTokenIds: TokenIDList?

    @Flag(help: "The prompt file or stdin has one JSON object a line: prompt or prompt_token_ids, and sampling fields.")
    var jsonl = false

    func validate() throws {
        let given = [prompt != nil, promptFile != nil, promptTokenIds != nil].count { $0 }
        if given > 1 {
            throw ValidationError("PROMPT, --prompt-file and --prompt-token-ids exclude one another; give one of them")
        }
        if jsonl, prompt != nil || promptTokenIds != nil {
            throw ValidationError("--jsonl reads prompts from --prompt-file or stdin; give no other prompt")
        }
    }

    func single() throws -> Prompt {
        if let prompt { return .text(prompt) }
        if let promptTokenIds { return .tokenIDs(promptTokenIds.ids) }
        return .text(try text())
    }

    /// The lines of the file or stdin, without empty ones.
    func lines() throws -> [String] {
        try text().split(whereSeparator: \.isNewline).map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
    }

    private func text() throws -> String {
        let data: Data
        if let promptFile {
            guard let contents = FileManager.default.contents(atPath: promptFile) else {
                throw LLMGenError(code: .notFound, message: "'\(promptFile)': no such prompt file, or not readable")
            }
            data = contents
        } else {
            guard isatty(FileHandle.standardInput.fileDescriptor) == 0 else {
                throw ValidationError("no prompt; give PROMPT, --prompt-file, --prompt-token-ids or text on stdin")
            }
            data = (try? FileHandle.standardInput.readToEnd()) ?? Data()
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw LLMGenError(code: .invalidInput, message: "'\(promptFile ?? "stdin")': not UTF-8 text; convert it first")
        }
        return text
    }
}

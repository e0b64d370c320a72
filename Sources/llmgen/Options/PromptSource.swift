import ArgumentParser
import Foundation
import LLMGen

/// Where the prompt comes from: the argument, token ids, a file, or stdin when none of them is given.
struct PromptSource: ParsableArguments {
    @Argument(help: "The text to continue. (default: stdin)")
    var prompt: String?

    @Option(help: ArgumentHelp("File with the prompt, used as it is; - for stdin.", valueName: "file"))
    var promptFile: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Token ids to continue, such as 1,2,3; no BOS is added.", valueName: "ids"),
        transform: TokenIDList.init)
    var promptTokenIds: TokenIDList?

    @Flag(
        help: ArgumentHelp(
            "The file or stdin has one JSON object a line: prompt, prompt_token_ids, or messages (and tools), and "
                + "request parameters such as max_tokens. The lines run together; each gives one JSON object, in their "
                + "order, with the line's id."))
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
        return .text(try PromptSource.text(of: promptFile))
    }

    /// The text of a file, or of stdin where there is none.
    static func text(of file: String?) throws -> String {
        guard let text = String(validating: try contents(of: file), as: UTF8.self) else {
            throw LLMGenError(code: .invalidInput, message: "'\(file ?? "stdin")': not UTF-8 text; convert it first")
        }
        return text
    }

    /// The lines of the file or stdin, without blank ones.
    func lines() throws -> [Data] { try PromptSource.lines(of: promptFile) }

    /// The lines of a file, or of stdin where there is none, without blank ones.
    static func lines(of file: String?) throws -> [Data] {
        let blank = Set(" \t\r".utf8)
        return try contents(of: file).split(separator: UInt8(ascii: "\n")).filter {
            !$0.allSatisfy(blank.contains)
        }
    }

    /// What is read, without the byte order mark that some editors put before a text.
    private static func contents(of file: String?) throws -> Data {
        let contents = try bytes(of: file)
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return contents.starts(with: mark) ? contents.dropFirst(mark.count) : contents
    }

    private static func bytes(of file: String?) throws -> Data {
        if let file, file != "-" { return try read(file) }
        guard file == "-" || isatty(STDIN_FILENO) == 0 else { throw PromptSource.noPrompt }
        do {
            return try FileHandle.standardInput.readToEnd() ?? Data()
        } catch {
            throw PromptSource.noPrompt
        }
    }

    private static let noPrompt = ValidationError(
        "no prompt; give PROMPT, --prompt-file, --prompt-token-ids or text on stdin")

    /// What a file has, or a pipe such as `<(command)`.
    ///
    /// - Parameter kind: what errors call the file.
    static func read(_ path: String, _ kind: String = "prompt file") throws(LLMGenError) -> Data {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw LLMGenError(code: .notFound, message: "'\(path)': no such \(kind); check the path")
        }
        guard !isFolder.boolValue else {
            throw LLMGenError(code: .notFound, message: "'\(path)': a folder, not a \(kind); give a file in it")
        }
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            return try file.readToEnd() ?? Data()
        } catch {
            throw LLMGenError(
                code: .notFound, message: "'\(path)': the \(kind) cannot be read; check its permissions",
                cause: error)
        }
    }
}

/// Token ids separated by commas.
struct TokenIDList {
    let ids: [TokenID]

    /// - Throws: what token ids look like.
    init(_ argument: String) throws {
        ids = try argument.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let id = TokenID(part.filter { $0 != " " }) else {
                throw ValidationError("token ids are whole numbers with commas between them, such as 1,2,3")
            }
            return id
        }
    }
}

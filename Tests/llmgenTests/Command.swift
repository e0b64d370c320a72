import Foundation
import LLMTestSupport
import Testing

/// What a run of the command left.
struct Run {
    let status: Int32
    /// Whether a signal ended the process; `status` is then its number.
    let signaled: Bool
    let stdout: String
    let stderr: String

    /// The lines of stdout, each a JSON object.
    func reports() throws -> [Report] {
        try stdout.split(separator: "\n").map { try JSONDecoder().decode(Report.self, from: Data($0.utf8)) }
    }

    /// The one JSON object of a run that went well.
    func report(sourceLocation: SourceLocation = #_sourceLocation) throws -> Report {
        try #require(status == 0 && !signaled, "\(stderr)", sourceLocation: sourceLocation)
        let reports = try reports()
        try #require(reports.count == 1, sourceLocation: sourceLocation)
        return reports[0]
    }

    /// Expects the exit code, nothing on stdout, and on stderr one line with all the words.
    func expectError(_ code: Int32, _ words: [String] = [], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == code && !signaled, "\(status): \(stderr)", sourceLocation: sourceLocation)
        #expect(stdout == "", sourceLocation: sourceLocation)
        #expect(stderr.hasPrefix("error: ") && stderr.hasSuffix("\n"), "\(stderr)", sourceLocation: sourceLocation)
        #expect(stderr.dropLast().allSatisfy { !$0.isNewline }, "\(stderr)", sourceLocation: sourceLocation)
        for word in words {
            #expect(stderr.contains(word), "no '\(word)' in: \(stderr)", sourceLocation: sourceLocation)
        }
    }
}

/// The built `llmgen`, run as a process. A run that hangs is killed, so that its status fails the test.
struct Command {
    /// The bundled model, by its path.
    static let fairytale = Paths.fairytale.path
    /// A random model without a tokenizer, small and quick.
    static let tiny = Paths.fixtures.appending(path: "models/llama").path

    private let process = Process()
    private let folder: URL

    /// Runs `llmgen` with `arguments` to its end.
    static func run(_ arguments: String..., input: String = "", in folder: URL? = nil) throws -> Run {
        try run(arguments, input: input, in: folder)
    }

    /// Runs `llmgen` with `arguments` to its end.
    static func run(_ arguments: [String], input: String = "", in folder: URL? = nil) throws -> Run {
        try Command(executable(), arguments, input: input, in: folder).finish()
    }

    /// Runs a line of shell, in which `$LLMGEN` is the command.
    static func shell(_ line: String) throws -> Run {
        try Command(URL(fileURLWithPath: "/bin/sh"), ["-c", line], input: "", in: nil).finish()
    }

    /// Starts `llmgen`, calls `body` while it runs, and waits for its end. An input of nil is one that does not come.
    static func start(_ arguments: [String], input: String? = "", _ body: (Command) throws -> Void) throws -> Run {
        let command = try Command(executable(), arguments, input: input, in: nil)
        try body(command)
        return try command.finish()
    }

    private init(_ executable: URL, _ arguments: [String], input: String?, in working: URL?) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Files, not pipes: nobody has to read them while the process runs.
        try Data((input ?? "").utf8).write(to: folder.appending(path: "stdin"))
        for name in ["stdout", "stderr"] { try Data().write(to: folder.appending(path: name)) }
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = working ?? folder
        process.standardInput =
            input == nil ? Pipe() : try FileHandle(forReadingFrom: folder.appending(path: "stdin"))
        process.standardOutput = try FileHandle(forWritingTo: folder.appending(path: "stdout"))
        process.standardError = try FileHandle(forWritingTo: folder.appending(path: "stderr"))
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["LLMGEN": try Command.executable().path, "LLMGEN_MODELS": "", "COLUMNS": "100"]) { $1 }
        try process.run()
    }

    /// Presses Ctrl-C.
    func interrupt() { process.interrupt() }

    /// Waits until the process has written `text`, or anything where that is empty, to `stream`.
    func wait(for text: String = "", on stream: String) throws {
        try Command.poll("'\(text)' on \(stream)") {
            let written = try read(stream)
            return text.isEmpty ? !written.isEmpty : written.contains(text)
        }
    }

    private func finish() throws -> Run {
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try Command.poll("the end of the process") { !process.isRunning }
        } catch {
            kill(process.processIdentifier, SIGKILL)
            throw error
        }
        return Run(
            status: process.terminationStatus, signaled: process.terminationReason == .uncaughtSignal,
            stdout: try read("stdout"), stderr: try read("stderr"))
    }

    private func read(_ stream: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appending(path: stream)), as: UTF8.self)
    }

    static func poll(_ what: String, _ isThere: () throws -> Bool) throws {
        let deadline = Date.now + 300
        while try !isThere() {
            if Date.now > deadline { throw Timeout(description: "waited 300 s for \(what)") }
            usleep(2000)
        }
    }

    private struct Timeout: Error, CustomStringConvertible {
        let description: String
    }

    /// The command beside the running tests.
    static func executable() throws -> URL {
        var folder = try #require(Bundle.main.executableURL).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appending(path: "llmgen")
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue {
                return candidate
            }
            folder.deleteLastPathComponent()
        }
        throw Timeout(description: "no llmgen beside the tests; build it first")
    }
}

/// A line that `generate --json` or `--jsonl` prints.
struct Report: Decodable, Sendable {
    struct Output: Decodable, Sendable {
        let index: Int
        let token_ids: [Int]
        let text: String
        let finish_reason: String
        let logprobs: [Logprobs]?
    }

    struct Logprobs: Decodable, Sendable {
        let token_id: Int
        let logprob: Double
        let top: [Logprob]
    }

    struct Logprob: Decodable, Sendable {
        let token_id: Int
        let logprob: Double
    }

    struct Usage: Decodable {
        let prompt_tokens: Int
        let cached_tokens: Int
        let completion_tokens: Int
    }

    let index: Int?
    let error: String?
    let model: String?
    let seed: Int?
    let prompt_token_ids: [Int]?
    let outputs: [Output]?
    let usage: Usage?
    let timings: [String: Double]?

    /// The one output.
    func output(sourceLocation: SourceLocation = #_sourceLocation) throws -> Output {
        let outputs = try #require(outputs, "\(error ?? "no outputs")", sourceLocation: sourceLocation)
        try #require(outputs.count == 1, sourceLocation: sourceLocation)
        return outputs[0]
    }
}

import ArgumentParser
import LLMGen
import LLMJSON

/// Output formats by themselves, without a model.
struct GrammarCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grammar", abstract: "Check the form of an output before a model has to keep it.",
        subcommands: [GrammarCheckCommand.self, GrammarExplainCommand.self, GrammarSampleCommand.self])
}

struct GrammarCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether a form can be kept, and whether a text has it.")

    @OptionGroup(title: "Output") var output: OutputOptionGroup

    @Option(help: ArgumentHelp("File with a text to check; - for stdin.", valueName: "file"))
    var text: String?

    func run() throws {
        let probe = try FormatProbe(output.given())
        for note in probe.notes { StandardStreams.report("note: \(note)") }
        guard let text else { return try StandardStreams.write("ok\n") }
        switch try probe.verdict(on: Array(try FormatFile.text(text, "text file").utf8)) {
        case .accepted: try StandardStreams.write("accepted\n")
        case .refused(let offset, let line, let column, let expected):
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "'\(text)' is refused at line \(line), column \(column) (byte \(offset)); here can come: \(expected)"
            )
        case .incomplete(let expected):
            throw LLMGenError(
                code: .invalidInput, message: "'\(text)' ends too early; here can come: \(expected)")
        }
    }
}

struct GrammarExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show the rules that a form becomes.")

    @OptionGroup(title: "Output") var output: OutputOptionGroup

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Rules to show, 1 to 100000.", valueName: "n"))
    var limit = 50

    func validate() throws {
        guard 1...100_000 ~= limit else { throw ValidationError("--limit is \(limit); it must be 1 to 100000") }
    }

    func run() throws {
        let probe = try FormatProbe(output.given())
        for note in probe.notes { StandardStreams.report("note: \(note)") }
        for line in try probe.rules(limit: limit) { try StandardStreams.write(line + "\n") }
    }
}

struct GrammarSampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Print random texts that have a form.")

    @OptionGroup(title: "Output") var output: OutputOptionGroup

    @Option(parsing: .unconditional, help: ArgumentHelp("How many texts, 1 to 100000.", valueName: "n"))
    var count = 1

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The same seed gives the same texts.", valueName: "n"))
    var seed: UInt64 = 0

    @Flag(help: "Print each text as a JSON string, one a line.")
    var json = false

    func validate() throws {
        guard 1...100_000 ~= count else { throw ValidationError("--count is \(count); it must be 1 to 100000") }
    }

    func run() throws {
        let probe = try FormatProbe(output.given())
        for note in probe.notes { StandardStreams.report("note: \(note)") }
        let samples = try probe.samples(count, seed: seed)
        for sample in samples {
            let text = String(decoding: sample, as: UTF8.self)
            var writer = JSONWriter()
            if json { writer.value(text) }
            try StandardStreams.write((json ? String(decoding: writer.bytes, as: UTF8.self) : text) + "\n")
        }
        if samples.count < count {
            throw LLMGenError(
                code: .failed, message: "only \(samples.count) of \(count) texts were found in reasonable time")
        }
    }
}

extension OutputOptionGroup {
    /// The form that must be given.
    fileprivate func given() throws -> OutputFormat {
        guard let format = try format() else {
            throw ValidationError("no form; give --json-schema, --json-object, --regex, --grammar or --choice")
        }
        return format
    }
}

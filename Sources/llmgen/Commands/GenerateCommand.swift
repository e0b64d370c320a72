import ArgumentParser
import Foundation
import LLMGen

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Continue a prompt.",
        discussion: "The text streams to stdout; everything else goes to stderr.")

    @OptionGroup(title: "Prompt") var source: PromptSource
    @OptionGroup(title: "Output") var output: OutputOptionGroup
    @OptionGroup(title: "Sampling") var sampling: SamplingOptionGroup
    @OptionGroup(title: "Engine") var options: EngineOptionGroup

    @Flag(help: "Print one JSON object in place of the text.")
    var json = false

    func run() async throws {
        try sampling.check()
        let interrupt = Interrupt()
        if source.jsonl { return try await runLines(source.lines(), interrupt) }
        let prompt = try source.single()
        let format = try output.format() ?? .text
        let (model, engine) = try await options.load()
        let tokens = try engine.tokens(of: prompt)
        let parameters = try sampling.draft.parameters(promptTokens: tokens.count, engine: engine)
        let request = try engine.prepare(.tokenIDs(tokens), parameters, RequestOptions(output: format))
        Diagnostics.start(model, engine)
        let pieces = engine.submit([request])[0]
        interrupt.aborts(engine)
        var last: RequestOutput?
        let streams = !json && parameters.n ?? 1 == 1
        for try await piece in pieces {
            if streams { try StandardStreams.write(piece.text) }
            last = piece.output
        }
        guard let output = last else { return }
        if json {
            try GenerateReport(output, of: engine).printLine()
        } else if streams {
            try StandardStreams.write("\n")
        } else {
            // Samples that come all at once are told one after the other.
            try StandardStreams.write(output.outputs.map(\.text).joined(separator: "\n\n") + "\n")
        }
        Diagnostics.summary([output])
        if interrupt.happened { throw ExitCode(CommandFailure.interrupted) }
    }

    /// Runs all lines together and prints one object for each, in their order.
    private func runLines(_ lines: [Data], _ interrupt: Interrupt) async throws {
        guard !lines.isEmpty else {
            throw LLMGenError(code: .invalidInput, message: "no prompts; give one JSON object a line")
        }
        let (model, engine) = try await options.load()
        Diagnostics.start(model, engine)
        let fallback = sampling.draft
        let format = try output.format() ?? .text
        let requests = lines.map { data in
            var id: LineID?
            let pieces = Result {
                var fields = try PromptLine.fields(of: data)
                id = try LineID(&fields)
                let line = try PromptLine(&fields)
                let tokens = try line.tokens(engine)
                var draft = line.sampling
                draft.fill(from: fallback)
                let parameters = try draft.parameters(promptTokens: tokens.count, engine: engine)
                var options = line.options
                options.output = line.output ?? format
                let request = try engine.prepare(.tokenIDs(tokens), parameters, options)
                for note in request.notes { StandardStreams.report("note: \(note)") }
                return engine.submit([request])[0]
            }
            return (id: id, pieces: pieces)
        }
        interrupt.aborts(engine)
        var outputs: [RequestOutput] = []
        var anyFailed = false
        for (index, request) in requests.enumerated() {
            let output: RequestOutput
            do {
                output = try await Engine.output(of: request.pieces.get())
            } catch {
                anyFailed = true
                try ErrorReport(index: index, id: request.id, error: "\(error)").printLine()
                continue
            }
            outputs.append(output)
            try GenerateReport(output, of: engine, index: index, id: request.id).printLine()
        }
        Diagnostics.summary(outputs)
        if interrupt.happened { throw ExitCode(CommandFailure.interrupted) }
        if anyFailed { throw ExitCode(CommandFailure.badData) }
    }
}

import ArgumentParser
import Foundation
import LLMGen

struct PerplexityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity", abstract: "Measure how well a model predicts a text.")

    @Argument(help: "The text file; - for stdin.")
    var file: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens of a window.", valueName: "n"))
    var window = 512

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens from one window to the next.", valueName: "n"))
    var stride = 256

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Engine") var options: EngineOptionGroup

    func run() async throws {
        let measure = try Perplexity(window: window, stride: stride)
        let text = try PromptSource.text(of: file == "-" ? nil : file)
        let (_, engine) = try await options.load()
        let result = try await measure.measure(text, engine) { done, all in
            Diagnostics.progress("\(done) of \(all) tokens", isLast: done == all)
        }
        if json { return try PerplexityReport(result, self, engine).printLine() }
        try StandardStreams.write(
            "perplexity \(String(format: "%.3f", result.perplexity)), loss \(String(format: "%.4f", result.loss)) nats a "
                + "token, over \(result.tokens) tokens in windows of \(window), stride \(stride)\n")
    }
}

/// The object that `perplexity --json` prints.
private struct PerplexityReport: Encodable {
    let model: String
    let compute_dtype: String
    let quantization: String
    let kv_cache_dtype: String
    let window: Int
    let stride: Int
    let tokens: Int
    let loss: Double
    let perplexity: Double

    init(
        _ result: Perplexity.Result, _ command: PerplexityCommand, _ engine: Engine
    ) {
        model = engine.model.name
        compute_dtype = engine.model.arithmetic.rawValue
        quantization = engine.model.quantization?.description ?? "none"
        kv_cache_dtype = engine.kvCacheDtype.rawValue
        window = command.window
        stride = command.stride
        tokens = result.tokens
        loss = result.loss
        perplexity = result.perplexity
    }
}

import ArgumentParser
import Foundation
import LLMBench
import LLMGen

struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize", abstract: "Write a model as a GGUF file, quantized.",
        discussion: "The file has its name when it is whole: whatever ends the command before leaves nothing under it.")

    @Argument(help: "Model folder, GGUF file, or name of a bundled or installed model.")
    var model: String

    @Argument(help: "The GGUF file to write.")
    var file: String

    @OptionGroup var settings: QuantizeSettings

    @Option(
        help: ArgumentHelp(
            "A text like those that the model is for: what errors harm is measured on it.", valueName: "file"))
    var calibration: String?

    @Option(
        help: ArgumentHelp(
            "Measure perplexity on this text and decode speed, before and after.", valueName: "file"))
    var perplexity: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let quantizer = try settings.quantizer(calibration: calibration.map { try PromptSource.text(of: $0) })
        let text = try perplexity.map { try PromptSource.text(of: $0) }
        let interrupt = Interrupt()
        interrupt.isWatched()
        var bar = ProgressBar()
        let quantization = try quantizer.write(model, to: file) { progress in
            if interrupt.happened { throw CancellationError() }
            bar.show(progress)
        }
        interrupt.rests()
        var report = QuantizeReport(quantization: quantization)
        if let text {
            report.before = try await QuantizeReport.Measure(model, text, threads: settings.threads)
            report.after = try await QuantizeReport.Measure(file, text, threads: settings.threads)
        }
        for note in quantization.notes { StandardStreams.report("note: \(note)") }
        if json { return try report.printLine() }
        for line in report.lines { try StandardStreams.write("\(line)\n") }
    }
}

/// The percent and the time that is left, on a terminal.
private struct ProgressBar {
    private var starts: [Quantizer.Progress.Stage: ContinuousClock.Instant] = [:]

    mutating func show(_ progress: Quantizer.Progress) {
        let (done, all) = progress.parts
        if done == 0 || starts[progress.stage] == nil { starts[progress.stage] = .now }
        let what =
            switch progress.stage {
            case .reading: "reading the calibration text"
            case .scaling: "looking for channels' factors"
            case .writing: progress.tensor
            }
        let part = all == 0 ? 1 : Double(done) / Double(all)
        let seconds = starts[progress.stage].map { (ContinuousClock.now - $0) / .seconds(1) } ?? 0
        let left = part > 0.01 ? ", \(Int((seconds / part - seconds).rounded(.up))) s left" : ""
        Diagnostics.progress(
            "\(Int(part * 100)) %\(left)  \(what)\u{1B}[K", isLast: done == all && progress.stage == .writing)
    }
}

/// The object that `quantize --json` prints.
private struct QuantizeReport: Encodable {
    /// What a model does on a text.
    struct Measure: Encodable {
        let perplexity: Double
        let decodeTokensPerS: Double

        init(_ path: String, _ text: String, threads: Int?) async throws {
            let model = try await LanguageModel.load(path, LoadOptions(threads: threads))
            var options = EngineOptions()
            options.prefixCaching = false
            let engine = try Engine(model: model, options: options)
            let window = min(512, model.maxPositions)
            let result = try await Perplexity(window: window, stride: window / 2).measure(text, engine) { done, all in
                Diagnostics.progress("perplexity of \(model.name): \(done) of \(all) tokens", isLast: done == all)
            }
            perplexity = result.perplexity
            let speed = try LatencyBenchmark(inputLength: 16, outputLength: min(64, window / 2), batchSize: 1, runs: 3)
            decodeTokensPerS = try await speed.run(engine).decodeTokensPerSecond
        }
    }

    let quantization: QuantizationReport
    var before: Measure?
    var after: Measure?

    private enum CodingKeys: String, CodingKey {
        case path, fileBytes, bitsPerWeight, parameters, bytesBefore, bytesAfter, kinds, notes, before, after
    }

    init(quantization: QuantizationReport) { self.quantization = quantization }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(quantization.path, forKey: .path)
        try fields.encode(quantization.fileBytes, forKey: .fileBytes)
        try fields.encode(quantization.bitsPerWeight, forKey: .bitsPerWeight)
        try fields.encode(quantization.parameters, forKey: .parameters)
        try fields.encode(quantization.bytesBefore, forKey: .bytesBefore)
        try fields.encode(quantization.bytesAfter, forKey: .bytesAfter)
        try fields.encode(quantization.kinds, forKey: .kinds)
        try fields.encode(quantization.notes, forKey: .notes)
        try fields.encodeIfPresent(before, forKey: .before)
        try fields.encodeIfPresent(after, forKey: .after)
    }

    /// A table, and the totals, as a person reads them.
    var lines: [String] {
        func row(_ cells: [String]) -> String {
            zip(cells, [14, 14, 10, 12, 12, 9, 0]).map { $0.padding(to: $1) }.joined(separator: " ")
        }
        func percent(_ error: Double) -> String { String(format: "%.3f %%", error * 100) }
        var lines = [row(["kind", "types", "tensors", "before", "after", "error", "worst"])]
        for kind in quantization.kinds {
            let worst = kind.worstError > 0 ? "\(kind.worstTensor) (\(percent(kind.worstError)))" : ""
            lines.append(
                row([
                    kind.name, kind.types.joined(separator: ","), "\(kind.tensors)",
                    "\(ByteCount(bytes: kind.bytesBefore))", "\(ByteCount(bytes: kind.bytesAfter))",
                    percent(kind.error),
                    worst,
                ]))
        }
        let bits = String(format: "%.2f", quantization.bitsPerWeight)
        lines.append(
            "\(quantization.path): \(ByteCount(bytes: quantization.fileBytes)), \(bits) bits a weight; tensors had "
                + "\(ByteCount(bytes: quantization.bytesBefore)), have \(ByteCount(bytes: quantization.bytesAfter))")
        if let before, let after {
            lines.append(
                "perplexity \(String(format: "%.3f", before.perplexity)) before, "
                    + "\(String(format: "%.3f", after.perplexity)) after; decode "
                    + "\(Diagnostics.rounded(before.decodeTokensPerS)) tokens/s before, "
                    + "\(Diagnostics.rounded(after.decodeTokensPerS)) after")
        }
        return lines
    }
}

import Foundation
import LLMGen

/// Lines on stderr around a run.
enum Diagnostics {
    /// What will run, with the choices that are part of what fixes the text.
    static func start(_ model: LanguageModel, _ engine: Engine) {
        StandardStreams.report("\(model.name): \(description(model, engine))")
    }

    /// How a model was loaded and what its engine has.
    static func description(_ model: LanguageModel, _ engine: Engine) -> String {
        let threads = model.threads == 1 ? "1 thread" : "\(model.threads) threads"
        let blocks =
            "\(engine.kvBlocks) block\(engine.kvBlocks == 1 ? "" : "s") of \(engine.blockSize) tokens"
            + " in \(engine.kvCacheDtype.rawValue)"
        let slots =
            "\(engine.stateSlots) state\(engine.stateSlots == 1 ? "" : "s")"
            + " of \(ByteCount(bytes: engine.stateBytes))"
        let kept = (engine.kvBlocks == 0 ? [] : [blocks]) + (engine.stateSlots == 0 ? [] : [slots])
        let cache =
            kept.isEmpty
            ? "texts of at most \(engine.maxModelLength) tokens"
            : "\(kept.joined(separator: " and ")) (\(engine.kvCacheSizing))"
        let weights = model.quantization.map { "\($0), " } ?? ""
        return "\(model.architectureName), \(weights)\(model.arithmetic.rawValue), "
            + "\(model.cpuFeatures.rawValue), \(threads), \(cache), "
            + "loaded in \(rounded(model.loadSeconds)) s"
    }

    /// Tokens and speed.
    static func summary(_ outputs: [RequestOutput]) {
        if let output = outputs.first, outputs.count == 1 {
            StandardStreams.report(
                "\(output.usage.completionTokens) tokens at \(rounded(output.decodeTokensPerSecond)) tokens/s after a "
                    + "prompt of \(output.usage.promptTokens) at \(rounded(output.prefillTokensPerSecond)) tokens/s; "
                    + "seed \(output.seed); \(output.finishReason.rawValue)")
        } else {
            let (prompt, completion) = outputs.reduce((0, 0)) {
                ($0.0 + $1.usage.promptTokens, $0.1 + $1.usage.completionTokens)
            }
            let seconds = outputs.map(\.timings.totalSeconds).max() ?? 0
            let speed = seconds > 0 ? Double(prompt + completion) / seconds : 0
            StandardStreams.report(
                "\(outputs.count) prompts, \(prompt) tokens in and \(completion) out in \(rounded(seconds)) s, "
                    + "\(rounded(speed)) tokens/s in all")
        }
    }

    /// Tokens and speed of one answer of a conversation.
    static func turn(_ output: RequestOutput) {
        let usage = output.usage
        StandardStreams.report(
            "\(usage.completionTokens) tokens at \(rounded(output.decodeTokensPerSecond)) tokens/s after a prompt of "
                + "\(usage.promptTokens), \(usage.cachedTokens) of them cached, in "
                + "\(rounded(output.timings.ttftSeconds)) s; seed \(output.seed); \(output.finishReason.rawValue)")
    }

    /// How far a long measurement is, over and over on one line of a terminal; nothing elsewhere.
    static func progress(_ text: String, isLast: Bool) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let end = isLast ? "\r\u{1B}[K" : ""
        try? FileHandle.standardError.write(contentsOf: Data("\r\(text)\(end)".utf8))
    }

    /// Two decimals below 10, none above.
    static func rounded(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }
}

extension String {
    /// The text with spaces behind it, to a column of `width`.
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

import ArgumentParser
import LLMGen

/// What `quantize` does besides its model and its file.
struct QuantizeSettings: SettingTable {
    var mix: QuantizationMix?
    var overrides: [TensorTypeArgument] = []
    var replaces = false
    var rounding: Rounding = .nearest
    var calibrationTokens: Int?
    var threads: Int?
    var fault: ValidationError?

    static let settings: [Setting<QuantizeSettings>] = [
        Setting(
            "type", optional: .mix, \.mix, valueName: "type",
            help: "How the tensors are stored: K_M and K_S mixes keep what is sensitive wider."),
        Setting(
            "tensor-type", each: .tensorType, \.overrides, shown: "none", valueName: "pattern=type",
            help: "Store the matrices whose names match so, such as 'blk.*.ffn_down.weight=Q8_0'; may be repeated."),
        Setting(
            "rounding", .rounding, \.rounding, valueName: "how",
            help:
                "How weights are rounded: each to the nearest; gptq, where errors are made up for; awq, where channels "
                + "are scaled. The last two need --calibration."),
        Setting(
            "calibration-tokens", optional: .integer, \.calibrationTokens, shown: "\(Calibration.defaultTokens)",
            valueName: "n", help: "Tokens of the calibration text that are read."),
        Setting("force", \.replaces, help: "Replace a file that is there."),
        Setting(
            "threads", optional: .integer, \.threads, shown: "one a physical core, within the CPU quota",
            valueName: "n", help: "Threads that compute."),
    ]

    /// - Throws: `ValidationError` where no type is given, or tokens of no text; `LLMGenError` for a calibration of no tokens.
    func quantizer(calibration text: String?) throws -> Quantizer {
        guard let mix else {
            throw ValidationError("--type is missing; give \(ArgumentKind.mix.expected)")
        }
        var quantizer = Quantizer(mix)
        quantizer.overrides = overrides.map { ($0.pattern, $0.dtype) }
        quantizer.rounding = rounding
        if let calibrationTokens, text == nil {
            throw ValidationError(
                "--calibration-tokens is \(calibrationTokens), but there is no text to read; give --calibration")
        }
        quantizer.calibration = try text.map {
            try Calibration(text: $0, tokens: calibrationTokens ?? Calibration.defaultTokens)
        }
        quantizer.replaces = replaces
        quantizer.threads = threads
        return quantizer
    }
}

/// `PATTERN=TYPE`.
struct TensorTypeArgument: Sendable {
    let pattern: String
    let dtype: StoredDType

    init?(_ argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, let dtype = Quantizer.dtype(named: parts[1].uppercased()) else {
            return nil
        }
        (pattern, self.dtype) = (parts[0], dtype)
    }
}

extension ArgumentKind<TensorTypeArgument> {
    fileprivate static let tensorType = ArgumentKind(
        expected: "PATTERN=TYPE, where types are \(Quantizer.types.map(\.description).joined(separator: ", "))",
        parse: { TensorTypeArgument($0) }, describe: { "\($0.pattern)=\($0.dtype)" })
}

extension ArgumentKind<QuantizationMix> {
    fileprivate static let mix = ArgumentKind.choice(QuantizationMix.all, \.description)
}

extension ArgumentKind<Rounding> {
    fileprivate static let rounding = ArgumentKind.choice(Rounding.allCases, \.rawValue)
}

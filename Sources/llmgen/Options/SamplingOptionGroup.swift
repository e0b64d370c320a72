import ArgumentParser
import LLMGen
import LLMJSON

/// How tokens are chosen: the request parameters as options. What is not given is left to the model's
/// `generation_config.json`.
struct SamplingOptionGroup: OptionTable {
    /// The parameters that are given.
    private(set) var draft = SamplingDraft()
    var fault: ValidationError?

    static let rows = SamplingParameters.all.map { parameter in
        let isInverted = parameter.defaultValue as? Bool == true
        let form: OptionRow.Form =
            switch parameter.form {
            case .single: .single
            case .repeated: .repeated
            case .flag: .flag(inverted: isInverted)
            }
        var help = String(parameter.help.dropLast())
        if let example = parameter.example { help += ", such as \(example)" }
        if case .repeated = form { help += "; may be given again" }
        var fallback = parameter.shownDefault
        if case .flag = form { fallback = isInverted ? "--\(optionName(parameter.name))" : nil }
        if parameter.modelKey != nil { fallback = "the model's, else \(fallback ?? "none")" }
        fallback = defaults[parameter.name] ?? fallback
        return OptionRow(
            name: optionName(parameter.name), form: form, help: help + ".", valueName: parameter.valueName,
            defaultValue: fallback)
    }

    /// What counts here in the place of the library's defaults.
    private static let defaults = [
        "max_tokens": "the model's, else 256, or the room there is, if less", "logprobs": "none; printed under --json",
        "prompt_logprobs": "none; printed under --json",
    ]

    mutating func take(_ arguments: [String], for row: OptionRow) throws {
        guard let parameter = SamplingParameters.all.first(where: { Self.optionName($0.name) == row.name }) else {
            return
        }
        guard let value = parameter.value(of: arguments) else {
            throw ValidationError(
                "--\(row.name) is \(arguments.joined(separator: " ").quoted); it must be \(parameter.argument)")
        }
        draft.set(parameter, to: value)
    }

    /// Refuses values out of range, before a model is loaded.
    func check() throws(LLMGenError) { _ = try draft.parameters() }

    private static func optionName(_ name: String) -> String { name.replacing("_", with: "-") }
}

extension SamplingDraft {
    /// The parameters of a prompt of `promptTokens`. Without `max_tokens` the model's, else 256, or the room that is left,
    /// if less.
    func parameters(promptTokens: Int, engine: Engine) throws(LLMGenError) -> SamplingParameters {
        var draft = self
        let usual = engine.model.samplingDefaults.maxTokens ?? 256
        draft.maxTokens = draft.maxTokens ?? max(1, min(usual, engine.lengthLimit - promptTokens))
        return try draft.parameters()
    }

    /// - Throws: ``LLMGenError`` `invalidArgument`, naming the parameter, its value and its range.
    func parameters() throws(LLMGenError) -> SamplingParameters {
        do throws(SamplingError) {
            return try SamplingParameters(self)
        } catch {
            throw LLMGenError(error)
        }
    }
}

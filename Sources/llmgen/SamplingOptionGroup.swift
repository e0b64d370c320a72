import ArgumentParser
import LLMGen

/// How tokens are chosen; what is not given is left to the model's `generation_config.json`.
struct SamplingOptionGroup: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most tokens to generate. (default: 256, or the room there is, if less)", valueName: "n"))
    var maxTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("0 takes the most probable token; up to 2 for more variety.", valueName: "t"))
    var temperature: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Choose among this many most probable tokens; 0 for all.", valueName: "k"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Choose among the most probable tokens that make up this probability.", valueName: "p"))
    var topP: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Leave out tokens less probable than this share of the most probable one.", valueName: "p"))
    var minP: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seed of the draws. (default: a random one, reported)", valueName: "s"))
    var seed: Int64?

    @Option(parsing: .unconditional, help: ArgumentHelp("Outputs for the prompt; only 1 by now.", valueName: "n"))
    var n: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Text that ends the output; may be given again.", valueName: "text"))
    var stop: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Token ids that end the output, such as 13,14.", valueName: "ids"),
        transform: TokenIDList.init)
    var stopTokenIds: TokenIDList?

    @Flag(help: "Go on after the end-of-sequence token.")
    var ignoreEos = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tokens to generate before the output may end.", valueName: "n"))
    var minTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Over 1 makes tokens of the prompt and the output less probable.", valueName: "x"))
    var repetitionPenalty: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Taken from the logits of tokens in the output; -2 to 2.", valueName: "x"))
    var presencePenalty: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Taken from a token's logit for each time it is in the output; -2 to 2.", valueName: "x"))
    var frequencyPenalty: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Under --json, log probabilities of this many most probable tokens: 0 to 20.", valueName: "n"))
    var logprobs: Int?

    /// Refuses values out of range, before a model is loaded.
    func check() throws(LLMGenError) { _ = try fields.parameters() }

    var fields: SamplingFields {
        SamplingFields(
            maxTokens: maxTokens, temperature: temperature, topK: topK, topP: topP, minP: minP, seed: seed, n: n,
            stop: stop.isEmpty ? nil : StopTexts(stop), stopTokenIDs: stopTokenIds?.ids,
            ignoreEOS: ignoreEos ? true : nil,
            minTokens: minTokens, repetitionPenalty: repetitionPenalty, presencePenalty: presencePenalty,
            frequencyPenalty: frequencyPenalty, logprobs: logprobs)
    }
}

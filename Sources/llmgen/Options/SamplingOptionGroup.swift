import ArgumentParser
import LLMGen

/// How tokens are chosen; what is not given is left to the model's `generation_config.json`.
struct SamplingOptionGroup: ParsableArguments {
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
        help: ArgumentHelp(
            "Choose among the tokens of the most ordinary surprise that make up this probability.", valueName: "p"))
    var typicalP: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seed of the draws. (default: a random one, reported)", valueName: "s"))
    var seed: Int64?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Outputs for the prompt, 1 to 128, each with a seed of its own.", valueName: "n"))
    var n: Int?

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
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Added to a token's logit, such as 13=-1.5, within -100 and 100; may be given again.",
            valueName: "id=x"),
        transform: LogitBiasArgument.init)
    var logitBias: [LogitBiasArgument] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The only token ids that may be chosen, such as 13,14.", valueName: "ids"),
        transform: TokenIDList.init)
    var allowedTokenIds: TokenIDList?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Text that the output must not contain, with or without a space before it; may be given again.",
            valueName: "text"))
    var badWords: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Under --json, log probabilities of this many most probable tokens: 0 to 20.", valueName: "n"))
    var logprobs: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Under --json, the same for the prompt's tokens.", valueName: "n"))
    var promptLogprobs: Int?

    @OptionGroup var steps: StepOptionGroup
    @OptionGroup var text: TextOptionGroup

    /// Refuses values out of range, before a model is loaded.
    func check() throws(LLMGenError) { _ = try fields.parameters() }

    var fields: SamplingFields {
        var fields = SamplingFields()
        fields.temperature = temperature
        fields.topK = topK
        fields.topP = topP
        fields.minP = minP
        fields.typicalP = typicalP
        fields.seed = seed
        fields.n = n
        fields.repetitionPenalty = repetitionPenalty
        fields.presencePenalty = presencePenalty
        fields.frequencyPenalty = frequencyPenalty
        // Of one id given twice the last counts.
        let biases = Dictionary(logitBias.map { ($0.id, $0.bias) }) { $1 }
        fields.logitBias = biases.isEmpty ? nil : LogitBiases(biases)
        fields.allowedTokenIDs = allowedTokenIds?.ids
        fields.badWords = badWords.isEmpty ? nil : badWords
        fields.logprobs = logprobs
        fields.promptLogprobs = promptLogprobs
        steps.set(&fields)
        text.set(&fields)
        return fields
    }
}

/// A token's bias, as `13=-1.5`.
struct LogitBiasArgument {
    let id: TokenID
    let bias: Double

    /// - Throws: what a bias looks like.
    init(_ argument: String) throws {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = TokenID(parts[0]), let bias = Double(parts[1]) else {
            throw ValidationError("a bias is a token id, an equals sign and a number, such as 13=-1.5")
        }
        (self.id, self.bias) = (id, bias)
    }
}

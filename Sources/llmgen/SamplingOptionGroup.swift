import ArgumentParser
import LLMGen

/// How tokens are chosen; what is not given is left to the model's `generation_config.json`.
struct SamplingOptionGroup: ParsableArguments {
    @Option(parsing: .unconditional, help: "Tokens to generate at most. (default: 256, or the room there is, if less)")
    var maxTokens: Int?

    @Option(parsing: .unconditional, help: "0 takes the most probable token; up to 2 for more variety.")
    var temperature: Double?

    @Option(parsing: .unconditional, help: "Choose among this many most probable tokens; 0 for all.")
    var topK: Int?

    @Option(parsing: .unconditional, help: "Choose among the most probable tokens that make up this probability.")
    var topP: Double?

    @Option(parsing: .unconditional, help: "Leave out tokens less probable than this share of the most probable one.")
    var minP: Double?

    @Option(parsing: .unconditional, help: "Seed of the draws. (default: a random one, reported)")
    var seed: Int64?

    @Option(parsing: .unconditional, help: "Samples for the prompt.")
    var n: Int?

    @Option(parsing: .unconditionalSingleValue, help: "Text that ends the output; may be given again.")
    var stop: [String] = []

    @Option(parsing: .unconditional, help: "Token ids that end the output, such as 13,14.")
    var stopTokenIds: TokenIDList?

    @Flag(help: "Go on after the end-of-sequence token.")
    var ignoreEos = false

    @Option(parsing: .unconditional, help: "Tokens to generate before the output may end.")
    var minTokens: Int?

    @Option(parsing: .unconditional, help: "Over 1 makes tokens of the prompt and the output less probable.")
    var repetitionPenalty: Double?

    @Option(parsing: .unconditional, help: "Taken from the logits of tokens in the output; -2 to 2.")
    var presencePenalty: Double?

    @Option(parsing: .unconditional, help: "Taken from a token's logit for each time it is in the output; -2 to 2.")
    var frequencyPenalty: Double?

    @Option(parsing: .unconditional, help: "Log probabilities of this many most probable tokens, in --json.")
    var logprobs: Int?

    var fields: SamplingFields {
        SamplingFields(
            maxTokens: maxTokens, temperature: temperature, topK: topK, topP: topP, minP: minP, seed: seed, n: n,
            stop: stop.isEmpty ? nil : StopTexts(stop), stopTokenIDs: stopTokenIds?.ids, ignoreEOS: ignoreEos ? true : nil,
            minTokens: minTokens, repetitionPenalty: repetitionPenalty, presencePenalty: presencePenalty,
            frequencyPenalty: frequencyPenalty, logprobs: logprobs)
    }
}

/// Token ids separated by commas.
struct TokenIDList: ExpressibleByArgument {
    let ids: [TokenID]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let ids = parts.compactMap { TokenID($0.trimmingPrefix(while: \.isWhitespace)) }
        guard ids.count == parts.count else { return nil }
        self.ids = ids
    }
}

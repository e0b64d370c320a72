import ArgumentParser
import LLMGen

/// The sampling steps that llama.cpp has beyond vLLM's, by its names.
struct StepOptionGroup: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among tokens at most this many standard deviations below the highest logit.", valueName: "n"))
    var topNSigma: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Move the temperature by up to this with the entropy of each row.", valueName: "t"))
    var dynatempRange: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The power of the entropy that moves it. (default: 1)", valueName: "x"))
    var dynatempExponent: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Chance to leave out the most probable tokens but the last of them.", valueName: "p"))
    var xtcProbability: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The least probability of those tokens. (default: 0.1)", valueName: "p"))
    var xtcThreshold: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("2 for mirostat 2 in place of the model's filters; 0 for none.", valueName: "0|2"))
    var mirostat: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The surprise that mirostat aims at, in bits. (default: 5)", valueName: "x"))
    var mirostatTau: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How fast mirostat learns, 0 to 1. (default: 0.1)", valueName: "x"))
    var mirostatEta: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Penalty for a token that would lengthen a repetition; 0 for none.", valueName: "x"))
    var dryMultiplier: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Its factor for each token more. (default: 1.75)", valueName: "x"))
    var dryBase: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The shortest repetition that is penalized. (default: 2)", valueName: "n"))
    var dryAllowedLength: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tokens that are looked at; -1 for all. (default: -1)", valueName: "n"))
    var dryPenaltyLastN: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Text over which no repetition reaches; may be given again, none for no such text. (default: line break, "
                + "colon, quotation mark, asterisk)", valueName: "text"))
    var drySequenceBreakers: [String] = []

    func set(_ fields: inout SamplingFields) {
        fields.topNSigma = topNSigma
        fields.dynatempRange = dynatempRange
        fields.dynatempExponent = dynatempExponent
        fields.xtcProbability = xtcProbability
        fields.xtcThreshold = xtcThreshold
        fields.mirostat = mirostat
        fields.mirostatTau = mirostatTau
        fields.mirostatEta = mirostatEta
        fields.dryMultiplier = dryMultiplier
        fields.dryBase = dryBase
        fields.dryAllowedLength = dryAllowedLength
        fields.dryPenaltyLastN = dryPenaltyLastN
        switch drySequenceBreakers {
        case []: fields.drySequenceBreakers = nil
        case ["none"]: fields.drySequenceBreakers = []
        default: fields.drySequenceBreakers = drySequenceBreakers
        }
    }
}

import ArgumentParser
import LLMGen

/// Where the output ends, and what of it becomes text.
struct TextOptionGroup: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most tokens to generate. (default: 256, or the room there is, if less)", valueName: "n"))
    var maxTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tokens to generate before the output may end.", valueName: "n"))
    var minTokens: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Text that ends the output; may be given again.", valueName: "text"))
    var stop: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Token ids that end the output, such as 13,14.", valueName: "ids"),
        transform: TokenIDList.init)
    var stopTokenIds: TokenIDList?

    @Flag(help: "Let the text have what stopped it.")
    var includeStopStrInOutput = false

    @Flag(help: "Go on after the end-of-sequence token.")
    var ignoreEos = false

    @Flag(help: "Let the text have the names of special tokens.")
    var noSkipSpecialTokens = false

    @Flag(help: "Put no spaces around them, where the tokenizer does.")
    var noSpacesBetweenSpecialTokens = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Keep this many of the prompt's last tokens; -1 for as many as fit.", valueName: "n"))
    var truncatePromptTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "End an output that ends with a pattern of min to max tokens, count times in a row.",
            valueName: "min,max,count"),
        transform: RepetitionArgument.init)
    var repetitionDetection: RepetitionArgument?

    func set(_ fields: inout SamplingFields) {
        fields.maxTokens = maxTokens
        fields.minTokens = minTokens
        fields.stop = stop.isEmpty ? nil : StopTexts(stop)
        fields.stopTokenIDs = stopTokenIds?.ids
        fields.includeStopStrInOutput = includeStopStrInOutput ? true : nil
        fields.ignoreEOS = ignoreEos ? true : nil
        fields.skipSpecialTokens = noSkipSpecialTokens ? false : nil
        fields.spacesBetweenSpecialTokens = noSpacesBetweenSpecialTokens ? false : nil
        fields.truncatePromptTokens = truncatePromptTokens
        fields.repetitionDetection = repetitionDetection?.fields
    }
}

/// Repetition detection, as `1,20,4`.
struct RepetitionArgument {
    let fields: RepetitionFields

    /// - Throws: what the three numbers are.
    init(_ argument: String) throws {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 3, let least = numbers[0], let most = numbers[1], let count = numbers[2] else {
            throw ValidationError(
                "three whole numbers, the shortest pattern, the longest and how often, such as 1,20,4")
        }
        fields = RepetitionFields(maxPatternSize: most, minPatternSize: least, minCount: count)
    }
}

import ArgumentParser
import LLMBench
import LLMGen

/// What a load asks for.
struct DatasetOptionGroup: ParsableArguments {
    /// Where requests come from.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case random
        case prefixRepetition = "prefix-repetition"
        case sharegpt, lines, trace
    }

    @Option(
        help: ArgumentHelp(
            "Where requests come from; prefix-repetition is random with 10 prefixes of 256 ids before 256 of their own.",
            valueName: "name"))
    var dataset = Kind.random

    @Option(help: ArgumentHelp("The file of sharegpt, lines or trace.", valueName: "file"))
    var datasetPath: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Random token ids of a prompt, or of a turn. (default: 128)", valueName: "n"))
    var inputLen: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most tokens generated for a prompt. (default: 128, or what the file says)", valueName: "n"))
    var outputLen: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How far random lengths spread: from 1 - r to 1 + r times the length. (default: 0)", valueName: "r"))
    var rangeRatio: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Token ids before those, the same in several prompts. (default: 0)", valueName: "n"))
    var sharedPrefixLen: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Different such beginnings, which prompts have in turn. (default: 1)", valueName: "n"))
    var numPrefixes: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Requests of a conversation, each with all that was said before. (default: 1)", valueName: "n"))
    var turns: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "From an answer to the next request of its conversation, such as 2s. (default: 0s)", valueName: "time"),
        transform: time)
    var thinkTime: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Random token ids are below this. (default: 1000; the model's vocabulary in throughput)", valueName: "n"))
    var vocabSize: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How many times faster than in the file its times pass. (default: 1)", valueName: "x"))
    var traceSpeed: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("A text for all prompts, instead of ids.", valueName: "text"))
    var prompt: String?

    @Option(help: ArgumentHelp("Texts to take in turn, one a line, instead of ids.", valueName: "file"))
    var promptFile: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Fixes all that is random.", valueName: "s"))
    var seed: UInt64 = 0

    /// The data.
    ///
    /// - Parameters:
    ///   - vocabularySize: what random ids are below, where the option does not say.
    ///   - count: how many requests will be taken.
    ///   - tokens: counts a text's tokens.
    func load(vocabularySize: Int, count: Int, tokens: Dataset.Count) throws(LLMGenError) -> Dataset {
        let texts = try LoadGenerator.Configuration.prompts(text: prompt, file: promptFile)
        if !texts.isEmpty {
            guard dataset == .random else { throw refusal("prompt or prompt-file", dataset.rawValue) }
            try refuse(random: true, times: true, path: true, "texts")
            return try Dataset(texts: texts, outputLength: outputLen ?? 128)
        }
        switch dataset {
        case .random, .prefixRepetition:
            try refuse(random: false, times: true, path: true, dataset.rawValue)
            return try Dataset(random(vocabularySize))
        case .sharegpt:
            try refuse(random: true, times: true, path: false, dataset.rawValue)
            return try .shareGPT(path(), count: count, outputLength: outputLen, seed: seed, tokens: tokens)
        case .lines:
            try refuse(random: true, times: false, path: false, dataset.rawValue)
            return try .lines(path(), outputLength: outputLen ?? 128, speed: traceSpeed ?? 1)
        case .trace:
            try refuse(random: true, times: false, path: false, dataset.rawValue, takesVocabulary: true)
            if outputLen != nil { throw refusal("output-len", dataset.rawValue) }
            return try .trace(
                path(), vocabularySize: vocabSize ?? vocabularySize, seed: seed, speed: traceSpeed ?? 1)
        }
    }

    private func random(_ vocabularySize: Int) -> RandomPrompts {
        let repeats = dataset == .prefixRepetition
        var prompts = RandomPrompts()
        prompts.inputLength = inputLen ?? (repeats ? 256 : prompts.inputLength)
        prompts.outputLength = outputLen ?? prompts.outputLength
        prompts.rangeRatio = rangeRatio ?? prompts.rangeRatio
        prompts.prefixLength = sharedPrefixLen ?? (repeats ? 256 : prompts.prefixLength)
        prompts.prefixCount = numPrefixes ?? (repeats ? 10 : prompts.prefixCount)
        prompts.turns = turns ?? prompts.turns
        prompts.thinkSeconds = thinkTime.map { $0 / .seconds(1) } ?? prompts.thinkSeconds
        prompts.vocabularySize = vocabSize ?? vocabularySize
        prompts.seed = seed
        return prompts
    }

    private func path() throws(LLMGenError) -> String {
        guard let datasetPath else {
            throw LLMGenError(
                code: .invalidArgument, message: "dataset \(dataset.rawValue) reads a file; give its dataset-path")
        }
        return datasetPath
    }

    /// Refuses what has no use with this data.
    private func refuse(
        random: Bool, times: Bool, path: Bool, _ name: String, takesVocabulary: Bool = false
    ) throws(LLMGenError) {
        if random {
            for (option, isGiven) in [
                ("input-len", inputLen != nil), ("range-ratio", rangeRatio != nil),
                ("shared-prefix-len", sharedPrefixLen != nil), ("num-prefixes", numPrefixes != nil),
                ("turns", turns != nil), ("think-time", thinkTime != nil),
                ("vocab-size", vocabSize != nil && !takesVocabulary),
            ] where isGiven { throw refusal(option, name) }
        }
        if times, traceSpeed != nil { throw refusal("trace-speed", name) }
        if path, datasetPath != nil { throw refusal("dataset-path", name) }
    }

    private func refusal(_ option: String, _ name: String) -> LLMGenError {
        LLMGenError(code: .invalidArgument, message: "\(option) has no use with \(name); leave it out")
    }
}

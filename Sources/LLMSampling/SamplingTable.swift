/// Every request parameter: vLLM's `SamplingParams` by the same names, and the steps that only llama.cpp and
/// transformers have. A new parameter is a row here, and its ``SamplingStep`` where it has one.
public struct SamplingTable: Sendable {
    // MARK: How many

    /// Sequences to generate for the prompt, each with a seed of its own (``SamplingParameters/seed(ofSample:from:)``);
    /// 1 if greedy.
    public let n = SamplingParameter(
        "n", .integer, in: .from(1, to: SamplingParameters.maxN, or: "use 1, or send several requests for more"),
        default: 1,
        valueName: "n", help: "Outputs for the prompt, 1 to 128, each with a seed of its own.")

    // MARK: Penalties

    /// Subtracted from the logit of every token that is in the output; [-2, 2], 0 for none.
    public let presencePenalty = SamplingParameter(
        "presence_penalty", .number, in: .from(-2, to: 2, or: "use 0 for no penalty"), default: 0,
        help: "Taken from the logits of tokens in the output; -2 to 2.")
    /// Subtracted from a token's logit once for each time it is in the output; [-2, 2], 0 for none.
    public let frequencyPenalty = SamplingParameter(
        "frequency_penalty", .number, in: .from(-2, to: 2, or: "use 0 for no penalty"), default: 0,
        help: "Taken from a token's logit for each time it is in the output; -2 to 2.")
    /// Divides the positive logits, and multiplies the negative ones, of tokens in the prompt or the output;
    /// finite and above 0, 1 for none.
    public let repetitionPenalty = SamplingParameter(
        "repetition_penalty", .number, in: .above(0, or: "use 1 for no penalty"), default: 1,
        modelKey: "repetition_penalty", help: "Over 1 makes tokens of the prompt and the output less probable.")

    // MARK: The distribution

    /// Divides the logits; [0, 2], 0 for greedy. A value between 0 and 0.01 is raised to 0.01, as vLLM does.
    public let temperature = SamplingParameter(
        "temperature", .number,
        in: .from(0, to: 2, or: "use 0 for greedy, 1 for the model's own distribution")
            .counting { $0 > 0 ? max($0, SamplingParameters.lowestTemperature) : 0 },
        default: 1, modelKey: "temperature", valueName: "t",
        help: "0 takes the most probable token; up to 2 for more variety.")
    /// Keeps the smallest set of most probable tokens whose probabilities reach this sum, at least one; [0, 1], 1 for
    /// off.
    public let topP = SamplingParameter(
        "top_p", .number, in: .from(0, to: 1, or: "use 1 to keep every token"), default: 1, modelKey: "top_p",
        isFilter: true, valueName: "p",
        help: "Choose among the most probable tokens that make up this probability.")
    /// Keeps this many of the most probable tokens; 0 and -1 for off.
    public let topK = SamplingParameter(
        "top_k", .integer, in: .atLeast(-1, or: "use 0 or -1 to keep every token").counting { max(0, $0) }, default: 0,
        modelKey: "top_k", isFilter: true, valueName: "k",
        help: "Choose among this many most probable tokens; 0 for all.")
    /// Keeps the tokens at least this probable relative to the most probable one; [0, 1], 0 for off.
    public let minP = SamplingParameter(
        "min_p", .number, in: .from(0, to: 1, or: "use 0 to keep every token"), default: 0, modelKey: "min_p",
        isFilter: true, valueName: "p",
        help: "Leave out tokens less probable than this share of the most probable one.")
    /// Keeps the smallest set of tokens, those of the most ordinary surprise first, whose probabilities reach this sum;
    /// (0, 1], 1 for off.
    public let typicalP = SamplingParameter(
        "typical_p", .number, in: .above(0, to: 1, or: "use 1 to keep every token"), default: 1, modelKey: "typical_p",
        isFilter: true, valueName: "p",
        help: "Choose among the tokens of the most ordinary surprise that make up this probability.")
    /// Keeps the tokens whose logits are at most this many standard deviations below the highest; 0 and -1 for off.
    public let topNSigma = SamplingParameter(
        "top_n_sigma", .number, in: .atLeastZeroOrMinusOne(or: "use 0 or -1 to keep every token"), default: 0,
        isFilter: true, valueName: "n",
        help: "Choose among tokens at most this many standard deviations below the highest logit.")
    /// Keeps the tokens at least this probable; [0, 1], 0 and, as in transformers, 1 for off.
    public let epsilonCutoff = SamplingParameter(
        "epsilon_cutoff", .number,
        in: .from(0, to: 1, or: "use 0 to keep every token").counting { $0 == 1 ? 0 : $0 }, default: 0,
        modelKey: "epsilon_cutoff", isFilter: true, valueName: "p",
        help: "Leave out tokens less probable than this.")
    /// Keeps the tokens at least min(ε, √ε · exp(-entropy)) probable, where ε is this; [0, 1], 0 and 1 for
    /// off.
    public let etaCutoff = SamplingParameter(
        "eta_cutoff", .number,
        in: .from(0, to: 1, or: "use 0 to keep every token").counting { $0 == 1 ? 0 : $0 }, default: 0,
        modelKey: "eta_cutoff", isFilter: true, valueName: "p",
        help: "Leave out tokens less probable than this, or than less where a row is uncertain.")
    /// How far the temperature moves, up and down, with the entropy of each row; [0, 2], 0 for off.
    public let dynatempRange = SamplingParameter(
        "dynatemp_range", .number, in: .from(0, to: 2, or: "use 0 for a fixed temperature"), default: 0, isFilter: true,
        valueName: "t", help: "Move the temperature by up to this with the entropy of each row.")
    /// The power of the entropy's share that moves the temperature; finite, 0 or more.
    public let dynatempExponent = SamplingParameter(
        "dynatemp_exponent", .number, in: .atLeast(0, or: "use 1 for a straight line"), default: 1,
        help: "The power of the entropy that moves it.")
    /// The chance, for each token, that XTC drops the most probable ones; [0, 1], 0 for off.
    public let xtcProbability = SamplingParameter(
        "xtc_probability", .number, in: .from(0, to: 1, or: "use 0 for no XTC"), default: 0, isFilter: true,
        valueName: "p", help: "Chance to leave out the most probable tokens but the last of them.")
    /// The least probability of tokens that XTC drops, all but the last of them; [0, 1]. Above 0.5 there are no two such
    /// tokens, and XTC does nothing.
    public let xtcThreshold = SamplingParameter(
        "xtc_threshold", .number, in: .from(0, to: 1, or: "0.1 is usual"), default: 0.1, valueName: "p",
        help: "The least probability of those tokens.")
    /// 2 for mirostat 2 in place of the filters that the model recommends, 0 for off.
    public let mirostat = SamplingParameter(
        "mirostat", .integer, in: .mirostat, default: 0, isFilter: true, valueName: "0|2",
        help: "2 for mirostat 2 in place of the model's filters; 0 for none.")
    /// The surprise in bits that mirostat aims at; [0, 100].
    public let mirostatTau = SamplingParameter(
        "mirostat_tau", .number, in: .from(0, to: 100, or: "5 is usual"), default: 5,
        help: "The surprise that mirostat aims at, in bits.")
    /// How fast mirostat learns; [0, 1].
    public let mirostatEta = SamplingParameter(
        "mirostat_eta", .number, in: .from(0, to: 1, or: "0.1 is usual"), default: 0.1,
        help: "How fast mirostat learns, 0 to 1.")

    // MARK: DRY

    /// The penalty of DRY for a repetition of the allowed length; finite, 0 or more, 0 for off.
    public let dryMultiplier = SamplingParameter(
        "dry_multiplier", .number, in: .atLeast(0, or: "use 0 for no DRY"), default: 0,
        help: "Penalty for a token that would lengthen a repetition; 0 for none.")
    /// The factor of DRY for each token more; finite, 1 or more.
    public let dryBase = SamplingParameter(
        "dry_base", .number, in: .atLeast(1, or: "1.75 is usual; use dry_multiplier 0 for no DRY"), default: 1.75,
        help: "Its factor for each token more.")
    /// The longest repetition that DRY leaves alone is one token shorter than this; 1 or more.
    public let dryAllowedLength = SamplingParameter(
        "dry_allowed_length", .integer, in: .atLeast(1, or: "2 is usual"), default: 2, valueName: "n",
        help: "The shortest repetition that is penalized.")
    /// The tokens that DRY looks at; 0 for off, -1 for all.
    public let dryPenaltyLastN = SamplingParameter(
        "dry_penalty_last_n", .integer, in: .atLeast(-1, or: "use -1 for all tokens, 0 for none"), default: -1,
        valueName: "n", help: "Tokens that are looked at; -1 for all.")
    /// Texts over which DRY sees no repetition; none of them empty.
    public let drySequenceBreakers = SamplingParameter(
        "dry_sequence_breakers", .textsOrNone,
        in: .texts(
            atMost: SamplingParameters.maxDrySequenceBreakers, bytes: SamplingParameters.maxDrySequenceBreakerBytes),
        default: ["\n", ":", "\"", "*"], shown: "line break, colon, quotation mark, asterisk", valueName: "text",
        help: "Text over which no repetition reaches; none for no such text.")

    // MARK: Masks

    /// Added to the logits of these tokens; a bias beyond -100 or 100 counts as that, as in vLLM.
    public let logitBias = SamplingParameter(
        "logit_bias", .biases, in: .biases(atMost: SamplingParameters.maxLogitBiases), default: [:], shown: "none",
        valueName: "id=x", help: "Added to a token's logit, within -100 and 100.")
    /// The only tokens that can be chosen, ascending, without duplicates; not empty.
    public let allowedTokenIDs = SamplingParameter(
        "allowed_token_ids", .tokenIDs, in: .someTokenIDs(atMost: SamplingParameters.maxAllowedTokenIDs), shown: "all",
        valueName: "ids", help: "The only token ids that may be chosen.")
    /// Texts that the output must not contain, each with and without a space before it; none of them empty.
    public let badWords = SamplingParameter(
        "bad_words", .texts, in: .texts(atMost: SamplingParameters.maxBadWords, bytes: SamplingParameters.maxTextBytes),
        default: [], shown: "none", valueName: "text",
        help: "Text that the output must not contain, with or without a space before it.")

    // MARK: The draws

    /// Fixes the draws; unset, a random seed is taken and reported. -1 counts as unset.
    public let seed = SamplingParameter<Int64, Int64?>(
        "seed", .integer, in: SamplingRange.any.counting { $0 == -1 ? nil : $0 }, shown: "a random one, reported",
        valueName: "s", help: "Seed of the draws.")

    // MARK: Where the output ends

    /// Output tokens at most; unset, as many as there is room for.
    public let maxTokens = SamplingParameter(
        "max_tokens", .integer, in: .atLeast(1, or: "leave it out to use all the room there is"),
        shown: "as many as there is room for", modelKey: "max_new_tokens", valueName: "n",
        help: "Most tokens to generate.")
    /// Output tokens before which no EOS or stop token is chosen.
    public let minTokens = SamplingParameter(
        "min_tokens", .integer, in: .atLeast(0, or: "use 0 for no minimum"), default: 0, modelKey: "min_new_tokens",
        valueName: "n", help: "Tokens to generate before the output may end.")
    /// Texts that end the output; none of them empty.
    public let stop = SamplingParameter(
        "stop", .textOrTexts,
        in: .texts(atMost: SamplingParameters.maxStops, bytes: SamplingParameters.maxTextBytes), default: [],
        shown: "none", valueName: "text", help: "Text that ends the output.")
    /// Tokens that end the output, without duplicates.
    public let stopTokenIDs = SamplingParameter(
        "stop_token_ids", .tokenIDs, in: .tokenIDs(atMost: SamplingParameters.maxStopTokenIDs), default: [],
        shown: "none", valueName: "ids", help: "Token ids that end the output.")
    /// Whether the text has the stop string, or the text of the stop token, that ended it.
    public let includeStopStrInOutput = SamplingParameter(
        "include_stop_str_in_output", .flag, default: false, help: "Let the text have what stopped it.")
    /// Whether to go on after the model's end-of-sequence token.
    public let ignoreEOS = SamplingParameter(
        "ignore_eos", .flag, default: false, help: "Go on after the end-of-sequence token.")
    /// Ends an output that repeats itself, with the finish reason `repetition`.
    public let repetitionDetection = SamplingParameter(
        "repetition_detection", .repetitionDetection, in: .repetitionDetection, shown: "none",
        valueName: "min,max,count",
        help: "End an output that ends with a pattern of min to max tokens, count times in a row.")

    // MARK: What is reported

    /// How many of the most probable tokens to report with each output token.
    public let logprobs = SamplingParameter(
        "logprobs", .integer, in: .from(0, to: SamplingParameters.maxLogprobs, or: "20 are the most"),
        shown: "none", valueName: "n", help: "Log probabilities of this many most probable tokens: 0 to 20.")
    /// How many of the most probable tokens to report with each prompt token.
    public let promptLogprobs = SamplingParameter(
        "prompt_logprobs", .integer, in: .from(0, to: SamplingParameters.maxLogprobs, or: "20 are the most"),
        shown: "none", valueName: "n", help: "The same for the prompt's tokens.")
    /// Whether special tokens are left out of the text.
    public let skipSpecialTokens = SamplingParameter(
        "skip_special_tokens", .flag, default: true, help: "Leave the names of special tokens out of the text.")
    /// Whether special tokens in the text have spaces around them. As in vLLM it is for tokenizers that join words by
    /// spaces.
    public let spacesBetweenSpecialTokens = SamplingParameter(
        "spaces_between_special_tokens", .flag, default: true,
        help: "Put spaces around them, where the tokenizer does.")
    /// Keeps this many of the prompt's last tokens; -1 for as many as fit. Unset, a prompt too long is an error.
    public let truncatePromptTokens = SamplingParameter(
        "truncate_prompt_tokens", .integer,
        in: .atLeastOneOrMinusOne(or: "use -1 to keep what fits, leave it out for none"), shown: "all of them",
        valueName: "n", help: "Keep this many of the prompt's last tokens; -1 for as many as fit.")

    private init() {}

    /// The table.
    package static let shared = SamplingTable()

    /// Its rows, in their order.
    static let rows = Mirror(reflecting: shared).children.compactMap { $0.value as? any SamplingRow }

    /// Its rows by name.
    static let rowsByName = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })
}

import LLMModels
import LLMTokenizer

/// How a model that scores pairs does it, as its name, its files and the options say.
struct PairFormat: Sendable {
    /// What a score is put through.
    enum Activation: String, Sendable {
        case sigmoid = "Sigmoid"
        case identity = "Identity"
    }

    /// How a pair becomes one text.
    enum Writing: Sendable {
        /// The tokenizer joins its texts.
        case joined
        case template(PairTemplate)
        /// The model's chat template.
        case chat(LogitScore)
    }

    /// Whose outputs make the score.
    enum Outputs: Sendable {
        /// A classifier's only label.
        case label
        /// The tokens of no and of yes.
        case answers(no: String, yes: String)
        /// The token of a pair that goes together, and that of one that does not.
        case tokens([TokenID])
    }

    let writing: Writing
    let outputs: Outputs
    let activation: Activation

    /// nil for a model that scores no pairs. Of a decoder that predicts tokens its modules, its config
    /// (`classifier_from_token`, as vLLM has it), its name or the options say that it does.
    ///
    /// - Parameters:
    ///   - labels: of a classifier.
    ///   - predictsTokens: whether there is an output head.
    ///   - file: `config_sentence_transformers.json`, where there is one.
    ///   - wanted: the template that the options name.
    /// - Throws: `ModelError` where the files ask for what is not supported.
    init?(
        labels: Int?, predictsTokens: Bool, isEncoder: Bool, _ config: ConfigFile, _ file: ConfigFile?,
        _ logitScore: LogitScore?, name: String, _ wanted: PairTemplate?
    ) throws {
        let template = wanted ?? (name.lowercased().contains("qwen3-reranker") ? .qwen3 : nil)
        if let labels {
            guard labels == 1 else { return nil }
            outputs = .label
            writing = if let template, !isEncoder { .template(template) } else { .joined }
        } else {
            guard predictsTokens else { return nil }
            let answers = try config.strings("classifier_from_token")
            if let logitScore, wanted == nil {
                outputs = .tokens(logitScore.answers)
                writing = .chat(logitScore)
            } else if !answers.isEmpty || template != nil {
                guard answers.isEmpty || answers.count == 2 else {
                    throw config.unsupported("classifier_from_token", "two tokens are")
                }
                outputs =
                    answers.isEmpty
                    ? .answers(no: "no", yes: "yes") : .answers(no: answers[0], yes: answers[1])
                writing = .template(template ?? .qwen3)
            } else {
                return nil
            }
        }
        activation = try PairFormat.activation(config, file)
    }

    /// What the files say of the activation, now or in older versions of sentence-transformers; a sigmoid where they say
    /// nothing.
    private static func activation(_ config: ConfigFile, _ file: ConfigFile?) throws -> Activation {
        let places = [
            (file, "activation_fn"), (try config.object("sentence_transformers"), "activation_fn"),
            (config, "sbert_ce_default_activation_function"),
        ]
        for case (let place?, let key) in places where place.has(key) {
            if let activation = Activation(rawValue: try place.lastPart(of: key)) { return activation }
            throw place.unsupported(key, "Sigmoid and Identity are")
        }
        return .sigmoid
    }
}

extension ConfigFile {
    /// The last part of a dotted name, such as that of a class.
    func lastPart(of key: String) throws(ModelError) -> String {
        String(try string(key).split(separator: ".").last ?? "")
    }
}

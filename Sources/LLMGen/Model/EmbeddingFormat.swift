/// How a model makes the vector of a text: how it pools, what it does with the pooled states, what it puts before texts.
///
/// A model without files of sentence-transformers takes the mean of the hidden states and scales it to length 1.
public struct EmbeddingFormat: Sendable {
    /// How the tokens' hidden states become one vector.
    public internal(set) var pooling = Pooling.mean
    /// Whether vectors are scaled to length 1.
    public internal(set) var normalizes = true
    /// Whether the tokens of what is put before a text are among those pooled.
    public internal(set) var includesPrompt = true
    /// What may be put before texts, by name.
    public internal(set) var prompts: [String: String] = [:]
    /// The name of what is put before texts unless a request says otherwise; nil for nothing.
    public internal(set) var defaultPromptName: String?
    /// How vectors are compared, such as `cosine`; nil where the files do not say.
    public internal(set) var similarity: String?
    /// Tokens of a text, what is put before it among them, at most; nil where the files do not say.
    public internal(set) var maxTokens: Int?
    /// Elements of a vector.
    public internal(set) var dimensions: Int
    /// Numbers of elements that vectors may be cut to; nil for any up to ``dimensions``.
    public internal(set) var shorterDimensions: [Int]?
    /// Whether the model's files say how it makes vectors, as those of models do that were trained for it.
    public internal(set) var isOfFiles = false
    /// Layers that pooled states go through.
    var projection: [DenseLayer] = []
    /// Whether texts are made lowercase.
    var lowercases = false

    /// The format of a model without files of its own.
    init(width: Int) { dimensions = width }

    /// The prompt with what is put before it, and that alone.
    func text(
        of prompt: Prompt, _ wanted: EmbeddingPrompt
    ) throws(LLMGenError) -> (prompt: Prompt, before: String) {
        guard case .text(let text) = prompt else {
            guard wanted == .usual || wanted == .text("") else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message:
                        "a prompt is to be put before token ids, and goes before texts only; give texts, or leave it"
                        + " out", field: "prompt_name")
            }
            return (prompt, "")
        }
        guard !text.isEmpty else { return (prompt, "") }  // which is refused as it is elsewhere
        let before = try before(wanted)
        let whole = before + text
        return (.text(lowercases ? whole.lowercased() : whole), lowercases ? before.lowercased() : before)
    }

    private func before(_ wanted: EmbeddingPrompt) throws(LLMGenError) -> String {
        switch wanted {
        case .text(let text): return text
        case .usual: return defaultPromptName.flatMap { prompts[$0] } ?? ""
        case .named(let name):
            if let text = prompts[name] { return text }
            let known = prompts.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
            throw LLMGenError(
                code: .invalidArgument,
                message: "prompt_name is '\(name.prefix(100))'; "
                    + (known.isEmpty ? "this model has no prompts, leave it out" : "this model has \(known)"),
                field: "prompt_name")
        }
    }

    /// A number of elements that vectors can be cut to.
    func checked(_ count: Int) throws(LLMGenError) -> Int {
        if count == dimensions || shorterDimensions?.contains(count) ?? (1..<dimensions).contains(count) {
            return count
        }
        let possible =
            shorterDimensions.map { list in (list + [dimensions]).map(String.init).joined(separator: ", ") }
            ?? "1 to \(dimensions)"
        throw LLMGenError(
            code: .invalidArgument,
            message: "dimensions is \(count); vectors of this model can have \(possible)", field: "dimensions")
    }
}

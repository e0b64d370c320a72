/// The sampling values a model's `generation_config.json` recommends; each counts where the request leaves it unset.
public struct SamplingDefaults: Sendable, Hashable {
    /// `temperature`; 0 where `do_sample` is false.
    public let temperature: Double?
    /// `top_p`.
    public let topP: Double?
    /// `top_k`.
    public let topK: Int?
    /// `min_p`.
    public let minP: Double?
    /// `typical_p`.
    public let typicalP: Double?
    /// `repetition_penalty`.
    public let repetitionPenalty: Double?
    /// `max_new_tokens`, which is `max_tokens`; raised to a request's `min_tokens`.
    public let maxTokens: Int?
    /// `min_new_tokens`, which is `min_tokens`; lowered to a request's `max_tokens`.
    public let minTokens: Int?

    /// No recommendation at all.
    public static let none = SamplingDefaults()

    /// Checks every value against the range it has in a request.
    ///
    /// `doSample` false means greedy, whatever temperature stands next to it; absent or true it changes nothing.
    ///
    /// - Throws: ``SamplingError`` with the field as `generation_config.top_p`.
    public init(
        temperature: Double? = nil,
        topP: Double? = nil,
        topK: Int? = nil,
        minP: Double? = nil,
        typicalP: Double? = nil,
        repetitionPenalty: Double? = nil,
        maxTokens: Int? = nil,
        minTokens: Int? = nil,
        doSample: Bool? = nil
    ) throws(SamplingError) {
        let temperature = try SamplingRules.temperature(temperature, field: "generation_config.temperature")
        self.temperature = doSample == false ? 0 : temperature
        self.topP = try SamplingRules.share(topP, field: "generation_config.top_p")
        self.topK = try SamplingRules.topK(topK, field: "generation_config.top_k")
        self.minP = try SamplingRules.minP(minP, field: "generation_config.min_p")
        self.typicalP = try SamplingRules.share(typicalP, field: "generation_config.typical_p")
        self.repetitionPenalty = try SamplingRules.repetitionPenalty(
            repetitionPenalty, field: "generation_config.repetition_penalty")
        self.maxTokens = try SamplingRules.count(
            maxTokens, atLeast: 1, field: "generation_config.max_new_tokens", remedy: "correct the file")
        self.minTokens = try SamplingRules.count(
            minTokens, atLeast: 0, field: "generation_config.min_new_tokens", remedy: "correct the file")
    }

    private init() {
        temperature = nil
        topP = nil
        topK = nil
        minP = nil
        typicalP = nil
        repetitionPenalty = nil
        maxTokens = nil
        minTokens = nil
    }
}

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
    /// `repetition_penalty`.
    public let repetitionPenalty: Double?

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
        repetitionPenalty: Double? = nil,
        doSample: Bool? = nil
    ) throws(SamplingError) {
        let temperature = try SamplingRules.temperature(temperature, field: "generation_config.temperature")
        self.temperature = doSample == false ? 0 : temperature
        self.topP = try SamplingRules.topP(topP, field: "generation_config.top_p")
        self.topK = try SamplingRules.topK(topK, field: "generation_config.top_k")
        self.minP = try SamplingRules.minP(minP, field: "generation_config.min_p")
        self.repetitionPenalty = try SamplingRules.repetitionPenalty(
            repetitionPenalty, field: "generation_config.repetition_penalty")
    }

    private init() {
        temperature = nil
        topP = nil
        topK = nil
        minP = nil
        repetitionPenalty = nil
    }
}

/// How much a request may ask for. A request may come from anybody, so nothing in it is without a bound.
extension SamplingParameters {
    /// The lowest temperature above 0, as in vLLM.
    static let lowestTemperature = 0.01
    /// The most sequences for one prompt.
    public static let maxN = 128
    /// The most alternatives with each token, as in vLLM: more would have no bound in memory.
    public static let maxLogprobs = 20
    /// The most stop strings.
    public static let maxStops = 64
    /// The longest stop string or bad word, in bytes of UTF-8.
    public static let maxTextBytes = 1024
    /// The most stop tokens.
    public static let maxStopTokenIDs = 1024
    /// The most tokens with a bias.
    public static let maxLogitBiases = 1024
    /// The most allowed tokens.
    public static let maxAllowedTokenIDs = 65536
    /// The most bad words, and the most token sequences that they come to, as in vLLM.
    public static let maxBadWords = 128
    /// The most sequence breakers of DRY.
    public static let maxDrySequenceBreakers = 64
    /// The longest sequence breaker, in bytes of UTF-8.
    public static let maxDrySequenceBreakerBytes = 64
}

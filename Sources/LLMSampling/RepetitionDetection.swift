/// When an output counts as stuck: it ends with the same pattern of tokens, so many times in a row.
///
/// vLLM's `RepetitionDetectionParams`.
public struct RepetitionDetection: Sendable, Hashable {
    /// Tokens that a pattern has at most; 1 to 1024.
    public let maxPatternSize: Int
    /// Tokens that a pattern has at least; 1 to ``maxPatternSize``.
    public let minPatternSize: Int
    /// Times that a pattern stands at the end of the output, one after the other; 2 or more.
    public let minCount: Int

    /// The longest pattern that can be asked for: its detection costs as many comparisons a token.
    public static let longestPattern = 1024

    init(unchecked maxPatternSize: Int, _ minPatternSize: Int, _ minCount: Int) {
        self.maxPatternSize = maxPatternSize
        self.minPatternSize = minPatternSize
        self.minCount = minCount
    }

    /// Checks the three values. A `minPatternSize` of 0 is 1, as in vLLM.
    ///
    /// - Throws: ``SamplingError`` naming the value out of its range.
    public init(maxPatternSize: Int, minPatternSize: Int = 0, minCount: Int) throws(SamplingError) {
        let field = "repetition_detection"
        guard (1...Self.longestPattern).contains(maxPatternSize) else {
            throw SamplingError.outOfRange(
                "\(field).max_pattern_size", maxPatternSize, "[1, \(Self.longestPattern)]",
                "leave repetition_detection out to detect nothing")
        }
        guard (0...maxPatternSize).contains(minPatternSize) else {
            throw SamplingError.outOfRange(
                "\(field).min_pattern_size", minPatternSize, "[0, \(maxPatternSize)]",
                "it must not exceed max_pattern_size")
        }
        guard minCount >= 2 else {
            throw SamplingError.outOfRange(
                "\(field).min_count", minCount, "2 or more", "a pattern that stands once is no repetition")
        }
        self.maxPatternSize = maxPatternSize
        self.minPatternSize = max(1, minPatternSize)
        self.minCount = minCount
    }
}

/// Finds out, token by token, whether an output has become stuck.
public struct RepetitionDetector: Sendable, Hashable {
    private let detection: RepetitionDetection
    /// The last `maxPatternSize` tokens: that of output index i at i modulo their number.
    private var recent: [TokenID] = []
    private var length = 0
    /// For each pattern size from `minPatternSize`, how many tokens at the end equal the one that many before them.
    private var runs: [Int]

    /// A detector for an output without tokens.
    public init(_ detection: RepetitionDetection) {
        self.detection = detection
        runs = [Int](repeating: 0, count: detection.maxPatternSize - detection.minPatternSize + 1)
    }

    /// Takes the next output token; O(maxPatternSize).
    ///
    /// - Returns: whether the output now ends with `minCount` times the same pattern.
    public mutating func append(_ token: TokenID) -> Bool {
        let capacity = detection.maxPatternSize
        var isRepeating = false
        for index in runs.indices {
            let size = detection.minPatternSize + index
            guard size <= length, recent[(length - size) % capacity] == token else {
                runs[index] = 0
                continue
            }
            runs[index] += 1
            // A run that long is minCount - 1 copies of the pattern after its first.
            if runs[index] / size >= detection.minCount - 1 { isRepeating = true }
        }
        if recent.count < capacity { recent.append(token) } else { recent[length % capacity] = token }
        length += 1
        return isRepeating
    }
}

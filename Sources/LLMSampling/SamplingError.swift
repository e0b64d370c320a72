/// Why a request's sampling parameters, or a row of logits, cannot be used.
public struct SamplingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is; further kinds may be added.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The code's name, as it stands in an API's answer.
        public let rawValue: String

        /// A code of that name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A value is outside the field's range, not finite, or empty.
        public static let outOfRange = Code(rawValue: "out_of_range")
        /// A value is of another type than the field has.
        public static let invalidType = Code(rawValue: "invalid_type")
        /// Two fields contradict each other.
        public static let conflict = Code(rawValue: "conflict")
        /// A token id is not in the model's vocabulary.
        public static let notInVocabulary = Code(rawValue: "not_in_vocabulary")
        /// The value is meaningful, but this engine cannot do it.
        public static let unsupported = Code(rawValue: "unsupported")
        /// A row of logits leaves no token to choose.
        public static let noCandidates = Code(rawValue: "no_candidates")
        /// A ``LogitsProcessor`` threw.
        public static let processorFailed = Code(rawValue: "processor_failed")
    }

    /// What kind of fault it is.
    public let code: Code
    /// The field at fault, by its wire name: `top_p`.
    public let field: String
    /// One line: the field, its value, the range, and what to do.
    public let message: String

    /// An error about `field`; the message is put together as `field: problem; remedy`.
    public init(_ code: Code, field: String, problem: String, remedy: String) {
        self.code = code
        self.field = field
        message = "\(field): \(problem); \(remedy)"
    }

    init(_ code: Code, field: String, message: String) {
        self.code = code
        self.field = field
        self.message = message
    }

    static func outOfRange(_ field: String, _ value: some Any, _ range: String, _ remedy: String) -> SamplingError {
        SamplingError(.outOfRange, field: field, problem: "\(value) is not in the range \(range)", remedy: remedy)
    }

    /// The message.
    public var description: String { message }

    /// No token of a row has a logit above -infinity.
    static let noCandidates = SamplingError(
        .noCandidates, field: "logits", problem: "no token's logit is a number above -infinity",
        remedy: "check the model's weights, and the request's masks (structured_outputs, allowed_token_ids, bad_words, "
            + "min_tokens, logits_processors) if they rule out every token")
}

import LLMDialects

/// What an answer may have in it, and how it is read: which tools may be called, in which dialect.
///
/// A plan is for one prompt; ``prepare(_:_:_:_:)`` asks an engine for the answer, ``reader(of:sample:)`` reads it.
public struct AnswerPlan: Sendable {
    /// The tools that the model may call.
    public let tools: [Tool]
    /// Whether one named tool is called, and nothing else can come.
    public let isNamed: Bool
    /// The form of the answer.
    package let output: OutputFormat
    /// The parser before the first token; nil where all is content.
    let parser: DialectParser?
    /// Whether all of the answer is content.
    public var isPlain: Bool { parser == nil }
    private let ids: CallIDForm
    /// Calls that the conversation has already.
    private let earlierCalls: Int
    private let keptTokens: Set<TokenID>
    private let budget: ReasoningBudget?

    init(
        tools: [Tool], isNamed: Bool, output: OutputFormat, parser: DialectParser?, ids: CallIDForm, earlierCalls: Int,
        keptTokens: Set<TokenID>, budget: ReasoningBudget?
    ) {
        self.tools = tools
        self.isNamed = isNamed
        self.output = output
        self.parser = parser
        self.ids = ids
        self.earlierCalls = earlierCalls
        self.keptTokens = keptTokens
        self.budget = budget
    }

    /// Has the options ask for the plan's answer.
    package func apply(to options: inout RequestOptions) {
        options.output = output
        options.keptTokens = keptTokens
        if let budget { options.logitsProcessors.append(budget) }
    }

    /// The request for the answer to a prompt; see ``Engine/prepare(_:_:_:)-(Prompt,_,_)``.
    public func prepare(
        _ prompt: Prompt, _ parameters: SamplingParameters, _ options: RequestOptions = RequestOptions(),
        on engine: Engine
    ) throws(LLMGenError) -> PreparedGeneration {
        var options = options
        apply(to: &options)
        return try engine.prepare(prompt, parameters, options)
    }

    /// What reads a sample's answer.
    public func reader(of request: PreparedGeneration, sample: Int = 0) -> AnswerReader {
        // The same request gives the same ids, and another turn of the conversation gives others (FNV-1a).
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for token in request.promptTokenIDs { hash = (hash ^ UInt64(UInt32(bitPattern: token))) &* 0x100_0000_01B3 }
        return AnswerReader(self, seed: hash ^ UInt64(bitPattern: request.seed(ofSample: sample)))
    }

    func id(of call: CallHead, seed: UInt64) -> String {
        ids.id(name: call.name, index: call.index, earlier: earlierCalls, seed: seed)
    }
}

import Hummingbird
import LLMGen
import LLMJSON

/// What requests that score pairs of texts say besides the texts, and their scores.
struct PairFields: Sendable {
    let common: CommonFields
    private let parameters: PairParameters

    /// Pairs of one request at most.
    static let maxPairs = EmbeddingRequest.maxInputs

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        common = try CommonFields(&fields, state, request, context, for: .score)
        try common.refuseTokens(fields)
        let instruction = try fields.text("instruction")
        if let instruction { try state.options.check(instruction, field: "instruction") }
        parameters = PairParameters(
            instruction: instruction, usesActivation: try fields.flag("use_activation") ?? true,
            truncatePromptTokens: try fields.integer("truncate_prompt_tokens"))
    }

    /// The pairs, checked, and a place in the server for them.
    ///
    /// - Parameter field: the field that is at fault where a pair is.
    func checked(_ pairs: [TextPair], field: String) throws(ErrorResponse) -> CheckedPairs {
        guard pairs.count <= Self.maxPairs else {
            throw .invalid("\(field) makes \(pairs.count) pairs; at most \(Self.maxPairs) are taken", param: field)
        }
        let instruction = parameters.instruction?.utf8.count ?? 0
        let bytes = pairs.reduce(0) { $0 + $1.query.utf8.count + $1.document.utf8.count + instruction }
        try common.limits.check(bytes: bytes, madeOf: field)
        let prepared: [PreparedPair]
        do throws(LLMGenError) {
            prepared = try pairs.map { [common, parameters] pair throws(LLMGenError) in
                try common.engine.prepare(pair, parameters, common.options)
            }
        } catch {
            throw ErrorResponse(error, field: field)
        }
        return CheckedPairs(common: common, prepared: prepared, pass: try common.enter(pairs.count))
    }
}

/// Pairs that can be scored.
struct CheckedPairs: Sendable {
    let common: CommonFields
    fileprivate let prepared: [PreparedPair]
    /// The request's place in the server, held as long as it runs.
    fileprivate let pass: RequestGate.Pass

    /// Their scores, in order, and the tokens that these took.
    func scores(
        _ departure: Departure, _ context: ServerContext
    ) async throws -> (scores: [PairScore], promptTokens: Int) {
        defer { withExtendedLifetime(pass) {} }
        let scores = try await departure.running { try await common.engine.score(prepared) }
        let tokens = scores.reduce(0) { $0 + $1.usage.promptTokens }
        context.record.update { $0.promptTokens = tokens }
        return (scores, tokens)
    }
}

extension RequestFields {
    /// A text or an object with a `text`, or several of them in an array.
    mutating func documents(_ name: String, _ options: ServerOptions) throws(ErrorResponse) -> [String] {
        let values: [JSONValue]
        switch value(name) {
        case nil: throw invalid(name, "is missing; give texts", code: "missing_field")
        case .array(let elements)?: values = elements
        case let value?: values = [value]
        }
        guard !values.isEmpty else { throw invalid(name, "is empty; give a text at least") }
        var texts: [String] = []
        for (index, value) in values.enumerated() {
            let place = "\(name)[\(index)]"
            switch value {
            case .string(let text): texts.append(text)
            case .object(let members):
                var object = RequestFields(members, path: place)
                guard let text = try object.text("text") else {
                    throw object.invalid("text", "is missing; give a text", code: "missing_field")
                }
                try object.finish()
                texts.append(text)
            default:
                throw invalid(
                    place, "is \(value.kindName); it must be a text or an object with a text", code: "invalid_type")
            }
            try options.check(texts[index], field: place)
        }
        return texts
    }
}

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
        parameters = PairParameters(
            instruction: try fields.text("instruction"), usesActivation: try fields.flag("use_activation") ?? true,
            truncatePromptTokens: try fields.integer("truncate_prompt_tokens"))
    }

    /// The pairs, checked, and a place in the server for them.
    ///
    /// - Parameter field: the field that is at fault where a pair is.
    func prepared(
        _ pairs: [TextPair], field: String
    ) throws(ErrorResponse) -> (pairs: [PreparedPair], pass: RequestGate.Pass) {
        guard pairs.count <= Self.maxPairs else {
            throw .invalid("\(field) makes \(pairs.count) pairs; at most \(Self.maxPairs) are taken", param: field)
        }
        let prepared: [PreparedPair]
        do throws(LLMGenError) {
            prepared = try pairs.map { [common, parameters] pair throws(LLMGenError) in
                try common.engine.prepare(pair, parameters, common.options)
            }
        } catch {
            throw ErrorResponse(error, field: field)
        }
        return (prepared, try common.enter(pairs.count))
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

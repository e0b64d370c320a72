package import LLMJSON

/// A request parameter: its name on the wire, its kind, range, default and help. The rows of ``SamplingTable`` are all
/// there are; HTTP bodies, JSON lines, options of the command, `/openapi.json` and docs/parameters.md come from them.
///
/// `Resolved` is what a request runs with: `Value`, or `Value?` where there is no default.
public struct SamplingParameter<Value: Sendable & Hashable, Resolved>: SamplingRow {
    /// The name on the wire: `top_p`.
    public let name: String
    /// What the parameter does, in one sentence.
    public let help: String
    /// What help texts call the value of the command's option.
    package let valueName: String
    let kind: SamplingKind<Value>
    let range: SamplingRange<Value>
    package let modelKey: String?
    package let isFilter: Bool
    package let defaultValue: (any Sendable & Hashable)?
    package let shownDefault: String?
    let resolved: @Sendable (Value?) -> Resolved

    /// A parameter with a default.
    ///
    /// - Parameters:
    ///   - modelKey: the key of `generation_config.json` that recommends a value.
    ///   - isFilter: whether a greedy request has no use for it, and mirostat takes the place of what a model recommends.
    ///   - shown: the default in words, where it is no plain value.
    init(
        _ name: String, _ kind: SamplingKind<Value>, in range: SamplingRange<Value> = .any, default value: Value,
        shown: String? = nil, modelKey: String? = nil, isFilter: Bool = false, valueName: String = "x", help: String
    ) where Resolved == Value {
        self.init(
            name: name, help: help, valueName: valueName, kind: kind, range: range, modelKey: modelKey,
            isFilter: isFilter, defaultValue: value, shownDefault: shown ?? Self.shown(value), resolved: { $0 ?? value }
        )
    }

    /// A parameter that is unset by default, which `shown` may say in words.
    init(
        _ name: String, _ kind: SamplingKind<Value>, in range: SamplingRange<Value> = .any, shown: String? = nil,
        modelKey: String? = nil, valueName: String = "x", help: String
    ) where Resolved == Value? {
        self.init(
            name: name, help: help, valueName: valueName, kind: kind, range: range, modelKey: modelKey,
            isFilter: false, defaultValue: nil, shownDefault: shown, resolved: { $0 })
    }

    /// A default as help and docs show it: whole numbers without a fraction.
    private static func shown(_ value: Value) -> String {
        if let number = value as? Double, let whole = Int(exactly: number) { "\(whole)" } else { "\(value)" }
    }

    private init(
        name: String, help: String, valueName: String, kind: SamplingKind<Value>, range: SamplingRange<Value>,
        modelKey: String?, isFilter: Bool, defaultValue: (any Sendable & Hashable)?, shownDefault: String?,
        resolved: @escaping @Sendable (Value?) -> Resolved
    ) {
        self.name = name
        self.help = help
        self.valueName = valueName
        self.kind = kind
        self.range = range
        self.modelKey = modelKey
        self.isFilter = isFilter
        self.defaultValue = defaultValue
        self.shownDefault = shownDefault
        self.resolved = resolved
    }
}

/// A row of ``SamplingTable``, whatever the type of its values.
package protocol SamplingRow: Sendable {
    var name: String { get }
    var help: String { get }
    var valueName: String { get }
    /// The key of `generation_config.json` that recommends a value.
    var modelKey: String? { get }
    /// Whether a greedy request has no use for it.
    var isFilter: Bool { get }
    /// What counts where neither the request nor the model says anything; nil for nothing.
    var defaultValue: (any Sendable & Hashable)? { get }
    /// The same in words.
    var shownDefault: String? { get }
    /// What kind of value it has, in words.
    var kindName: String { get }
    /// Its range, in words or as an interval.
    var rangeText: String { get }
    /// How options of a command give it.
    var form: ArgumentForm { get }
    /// What an argument of an option must be.
    var argument: String { get }
    /// An argument, where its form needs to be shown.
    var example: String? { get }
    /// Its JSON schema.
    var schema: String { get }

    /// The value of a JSON text. - Throws: ``SamplingError`` naming the place.
    func value(of json: JSONValue, place: String) throws(SamplingError) -> any Sendable & Hashable
    /// The value of arguments; nil where they are none.
    func value(of arguments: [String]) -> (any Sendable & Hashable)?
    /// The value as it counts, nil where it counts as unset. - Throws: ``SamplingError`` about `field`.
    func checked(_ value: any Sendable & Hashable, field: String) throws(SamplingError) -> (any Sendable & Hashable)?
    func write(_ value: any Sendable & Hashable, to json: inout JSONWriter)
}

extension SamplingParameter {
    package var kindName: String { kind.name }

    package var rangeText: String { range.text }

    package var form: ArgumentForm { kind.form }

    package var argument: String { kind.argument }

    package var example: String? { kind.example }

    package var schema: String {
        var members = [kind.schema, range.schema].filter { !$0.isEmpty }
        if let value = defaultValue as? Value {
            var json = JSONWriter()
            kind.write(value, &json)
            members.append("\"default\":\(String(decoding: json.bytes, as: UTF8.self))")
        }
        members.append("\"description\":\(help.quotedJSON)")
        return "{\(members.joined(separator: ","))}"
    }

    package func value(of json: JSONValue, place: String) throws(SamplingError) -> any Sendable & Hashable {
        try kind.read(json, place)
    }

    package func value(of arguments: [String]) -> (any Sendable & Hashable)? { kind.parse(arguments) }

    package func checked(
        _ value: any Sendable & Hashable, field: String
    ) throws(SamplingError) -> (any Sendable & Hashable)? {
        guard let value = value as? Value else { return nil }
        return try range.check(value, field)
    }

    package func write(_ value: any Sendable & Hashable, to json: inout JSONWriter) {
        if let value = value as? Value { kind.write(value, &json) }
    }
}

extension String {
    fileprivate var quotedJSON: String {
        var json = JSONWriter()
        json.value(self)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

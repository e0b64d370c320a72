package import LLMJSON

/// How a request wants its tokens chosen: the parameters of ``SamplingTable`` by their names there.
///
/// ```swift
/// let parameters = try SamplingParameters(temperature: 0.7, maxTokens: 200)
/// parameters.temperature  // 0.7
/// parameters.topP         // nil: the model's own default takes its place, else 1
/// ```
///
/// A value exists only if every parameter is in its range; lists have limits, for a request may come from anybody. A
/// parameter left unset is decided at admission (``resolved(defaults:vocabularySize:eosTokenIDs:seedIfUnset:tokenize:)``).
@dynamicMemberLookup
public struct SamplingParameters: Sendable, Hashable {
    let values: SamplingValues

    /// Nothing set.
    public static let unset = SamplingParameters(SamplingValues())

    private init(_ values: SamplingValues) { self.values = values }

    /// Checks every parameter of a draft.
    ///
    /// - Throws: ``SamplingError`` naming the first one, in the order of the table, that is out of its range; NaN is in
    ///   no range.
    public init(_ draft: SamplingDraft) throws(SamplingError) {
        values = try draft.values.checked { $0.name }
        guard let least = self.minTokens, let most = self.maxTokens, least > most else { return }
        throw SamplingError(
            .conflict, field: "min_tokens", problem: "\(least) is more than max_tokens, \(most)",
            remedy: "lower min_tokens or raise max_tokens")
    }

    /// What a model's `generation_config.json` recommends; each value counts where a request leaves it unset.
    ///
    /// - Parameter value: the value under a key of the file, nil for none.
    /// - Throws: ``SamplingError`` with the field as `generation_config.top_p`, or what `value` throws.
    package init(modelDefaults value: (_ key: String) -> JSONValue?) throws(SamplingError) {
        func field(_ row: any SamplingRow) -> String { "generation_config.\(row.modelKey ?? row.name)" }
        var draft = SamplingDraft()
        for row in SamplingTable.rows {
            guard let json = row.modelKey.flatMap(value) else { continue }
            draft.values[row.name] = try row.value(of: json, place: field(row))
        }
        // Whatever temperature stands next to it.
        if value("do_sample") == .flag(false) { draft.temperature = 0 }
        values = try draft.values.checked(field)
    }

    /// The value of a parameter; nil where it is unset.
    public subscript<Value, Resolved>(
        dynamicMember path: KeyPath<SamplingTable, SamplingParameter<Value, Resolved>>
    ) -> Value? {
        values[SamplingTable.shared[keyPath: path]]
    }

    /// Every parameter there is, in the order of the table.
    package static var all: [any SamplingRow] { SamplingTable.rows }

    /// A seed for a request that gives none.
    ///
    /// It is below 2^53, so that a reported seed survives readers that hold every JSON number as a double.
    public static func randomSeed() -> Int64 { Int64.random(in: 0..<(1 << 53)) }
}

/// Parameters on their way into ``SamplingParameters``, not checked yet.
@dynamicMemberLookup
public struct SamplingDraft: Sendable, Hashable {
    var values = SamplingValues()

    /// Nothing set.
    public init() {}

    /// The value of a parameter; nil for unset.
    public subscript<Value, Resolved>(
        dynamicMember path: KeyPath<SamplingTable, SamplingParameter<Value, Resolved>>
    ) -> Value? {
        get { values[SamplingTable.shared[keyPath: path]] }
        set { values[SamplingTable.shared[keyPath: path].name] = newValue }
    }

    // MARK: By name

    /// The names of the parameters that are set, in the order of the table.
    package var names: [String] { SamplingTable.rows.map(\.name).filter { values[$0] != nil } }

    /// Sets a parameter to the value of a JSON text.
    ///
    /// - Precondition: `name` is that of a row.
    /// - Throws: ``SamplingError`` where it is no value of the parameter's kind.
    package mutating func set(_ name: String, to json: JSONValue) throws(SamplingError) {
        values[name] = try SamplingTable.row(name).value(of: json, place: name)
    }

    /// Sets a parameter to a value that `row` has made.
    package mutating func set(_ row: any SamplingRow, to value: any Sendable & Hashable) { values[row.name] = value }

    /// Unsets a parameter.
    package mutating func unset(_ name: String) { values[name] = nil }

    /// Sets what is unset here and set in `other`.
    package mutating func fill(from other: SamplingDraft) { values.fill(from: other.values) }

    /// Writes the value of a parameter that is set.
    package func write(_ name: String, to json: inout JSONWriter) {
        if let value = values[name] { SamplingTable.row(name).write(value, to: &json) }
    }
}

/// Values of parameters by name.
struct SamplingValues: Sendable, Hashable {
    private var stored: [String: any Sendable & Hashable] = [:]

    subscript(name: String) -> (any Sendable & Hashable)? {
        get { stored[name] }
        set { stored[name] = newValue }
    }

    subscript<Value, Resolved>(parameter: SamplingParameter<Value, Resolved>) -> Value? {
        stored[parameter.name] as? Value
    }

    mutating func fill(from other: SamplingValues) { stored.merge(other.stored) { own, _ in own } }

    /// The same values as they count. - Throws: ``SamplingError`` naming what `field` says.
    func checked(_ field: (any SamplingRow) -> String) throws(SamplingError) -> SamplingValues {
        var values = SamplingValues()
        for row in SamplingTable.rows {
            guard let value = stored[row.name] else { continue }
            values.stored[row.name] = try row.checked(value, field: field(row))
        }
        return values
    }

    static func == (left: SamplingValues, right: SamplingValues) -> Bool {
        left.stored.mapValues { AnyHashable($0) } == right.stored.mapValues { AnyHashable($0) }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(stored.mapValues { AnyHashable($0) }) }
}

extension SamplingTable {
    /// The row of that name. - Precondition: there is one.
    static func row(_ name: String) -> any SamplingRow {
        guard let row = rowsByName[name] else { preconditionFailure("no parameter \(name)") }
        return row
    }
}

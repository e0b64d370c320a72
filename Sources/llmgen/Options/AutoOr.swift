import ArgumentParser

/// `auto`, or a value by its name.
struct AutoOr<Value>: ExpressibleByArgument, Sendable
where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    static var auto: AutoOr { AutoOr(value: nil) }

    /// nil for what suits best.
    let value: Value?

    private init(value: Value?) { self.value = value }

    init?(argument: String) {
        value = Value(rawValue: argument)
        guard value != nil || argument == "auto" else { return nil }
    }

    var defaultValueDescription: String { value?.rawValue ?? "auto" }

    static var allValueStrings: [String] { ["auto"] + Value.allCases.map(\.rawValue) }
}

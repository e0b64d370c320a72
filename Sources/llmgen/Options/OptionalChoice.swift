import ArgumentParser
import LLMGen

/// A value that an option names, or none, which has a name too.
protocol Choosable: Sendable, Equatable {
    /// The values that the option may name.
    static var choices: [Self] { get }
    /// The name of none of them.
    static var noneName: String { get }
}

/// One of some values by its name, or none of them.
struct OptionalChoice<Value: Choosable>: ExpressibleByArgument, Sendable {
    /// nil for none.
    let value: Value?

    static var none: OptionalChoice { OptionalChoice(value: nil) }

    private init(value: Value?) { self.value = value }

    init?(argument: String) {
        value = Value.choices.first { "\($0)" == argument }
        guard value != nil || argument == Value.noneName else { return nil }
    }

    var defaultValueDescription: String { value.map { "\($0)" } ?? Value.noneName }

    static var allValueStrings: [String] { [Value.noneName] + Value.choices.map { "\($0)" } }
}

extension Arithmetic: Choosable {
    static var choices: [Arithmetic] { LoadOptions.computeDtypes }
    static var noneName: String { "auto" }
}

extension Packing: Choosable {
    static var choices: [Packing] { LoadOptions.quantizations }
    static var noneName: String { "none" }
}

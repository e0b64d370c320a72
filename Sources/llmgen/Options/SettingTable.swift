import ArgumentParser
import LLMJSON

/// Options of a command that set the properties of a value: one row an option, with its name, kind, property, help and
/// default. What a command line, the environment, a file of options and `--print-config` know of them comes from here.
protocol SettingTable: OptionTable {
    static var settings: [Setting<Self>] { get }
}

extension SettingTable {
    static var rows: [OptionRow] { settings.map(\.row) }

    mutating func take(_ arguments: [String], for row: OptionRow) throws {
        try Self.settings.first { $0.row.name == row.name }?.set(&self, arguments)
    }
}

/// An option, and the property of `Target` that it sets.
struct Setting<Target: SettingTable>: Sendable {
    let row: OptionRow
    let set: @Sendable (inout Target, _ arguments: [String]) throws -> Void

    /// An option with one value.
    ///
    /// - Parameter shown: the default in words, where it is not that of the property.
    init<Value>(
        _ name: String, _ kind: ArgumentKind<Value>, _ path: any WritableKeyPath<Target, Value> & Sendable,
        shown: String? = nil, valueName: String, help: String
    ) {
        let value = kind.describe(Target()[keyPath: path])
        row = OptionRow(
            name: name, form: .single, help: help, valueName: valueName, choices: kind.choices,
            defaultValue: shown ?? (value.isEmpty ? nil : value),
            defaultArgument: shown == nil && !value.isEmpty ? value : nil)
        set = { target, arguments in target[keyPath: path] = try Setting.value(of: arguments[0], kind, name) }
    }

    /// An option with one value or none, which the argument `none` says, if there is one for it.
    init<Value>(
        _ name: String, optional kind: ArgumentKind<Value>, none: String? = nil,
        _ path: any WritableKeyPath<Target, Value?> & Sendable, shown: String? = nil, valueName: String, help: String
    ) {
        self.init(name, kind.orNone(none), path, shown: shown, valueName: valueName, help: help)
    }

    /// An option that may be given again, with one value each time.
    init<Value>(
        _ name: String, each kind: ArgumentKind<Value>, _ path: any WritableKeyPath<Target, [Value]> & Sendable,
        shown: String, valueName: String, help: String
    ) {
        row = OptionRow(name: name, form: .repeated, help: help, valueName: valueName, defaultValue: shown)
        set = { target, arguments in
            target[keyPath: path] = try arguments.map { try Setting.value(of: $0, kind, name) }
        }
    }

    /// An option that sets a property to `value` by being there.
    init(_ name: String, _ path: any WritableKeyPath<Target, Bool> & Sendable, to value: Bool = true, help: String) {
        row = OptionRow(name: name, form: .flag(inverted: false), help: help, defaultArgument: "false")
        set = { target, _ in target[keyPath: path] = value }
    }

    private static func value<Value>(
        of argument: String, _ kind: ArgumentKind<Value>, _ name: String
    ) throws -> Value {
        guard let value = kind.parse(argument) else {
            throw ValidationError("--\(name) is \(argument.quoted); it must be \(kind.expected)")
        }
        return value
    }
}

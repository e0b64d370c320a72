import ArgumentParser

/// An option of a command that is a row of a table.
struct OptionRow: Sendable {
    /// How arguments give its value.
    enum Form: Sendable {
        /// One argument.
        case single
        /// An argument each time that the option is there.
        case repeated
        /// The option alone, `true`; with `inverted` also `--no-NAME`, `false`.
        case flag(inverted: Bool)
    }

    /// The long name, without dashes.
    let name: String
    let form: Form
    let help: String
    var valueName = ""
    /// The values it may have; none for any.
    var choices: [String] = []
    /// What counts where nothing is given, as the help says it.
    var defaultValue: String?
    /// The argument that gives the same, where one does.
    var defaultArgument: String?
}

/// Options of a command that are the rows of a table, not properties.
///
/// The parser asks a type for its options by reflection and has it decode their values by name, so that a type may answer
/// from a table instead.
protocol OptionTable: ParsableArguments, CustomReflectable {
    static var rows: [OptionRow] { get }

    /// Why an argument cannot be taken; the parser asks for it in ``ParsableArguments/validate()``.
    var fault: ValidationError? { get set }

    /// Takes the arguments that give the option of `row`; for a flag `true` or `false`.
    ///
    /// - Throws: `ValidationError`, naming the option.
    mutating func take(_ arguments: [String], for row: OptionRow) throws
}

extension OptionTable {
    init(from decoder: any Decoder) throws {
        self.init()
        let container = try decoder.container(keyedBy: OptionKey.self)
        for row in Self.rows {
            let arguments = try row.arguments(in: container)
            guard !arguments.isEmpty else { continue }
            do {
                try take(arguments, for: row)
            } catch {
                fault = fault ?? (error as? ValidationError) ?? ValidationError("\(error)")
            }
        }
    }

    var customMirror: Mirror {
        Mirror(self, children: Self.rows.map { (label: String?.some($0.name), value: $0.definition) })
    }

    func validate() throws {
        if let fault { throw fault }
    }
}

extension OptionRow {
    /// The property wrapper that declares the option to the parser.
    fileprivate var definition: Any {
        let notes = [
            choices.isEmpty ? nil : "values: \(choices.joined(separator: ", "))", defaultValue.map { "default: \($0)" },
        ].compactMap(\.self).joined(separator: "; ")
        let help = ArgumentHelp(
            self.help + (notes.isEmpty ? "" : " (\(notes))"), valueName: valueName.isEmpty ? nil : valueName)
        let name = NameSpecification.customLong(name)
        return switch form {
        case .single: Option<String?>(name: name, parsing: .unconditional, help: help)
        case .repeated: Option<[String]>(wrappedValue: [], name: name, parsing: .unconditionalSingleValue, help: help)
        case .flag(inverted: false): Flag<Bool>(wrappedValue: false, name: name, help: help)
        case .flag(inverted: true): Flag<Bool?>(name: name, inversion: .prefixedNo, help: help)
        }
    }

    fileprivate func arguments(in container: KeyedDecodingContainer<OptionKey>) throws -> [String] {
        let key = OptionKey(stringValue: name)
        switch form {
        case .single:
            return try container.decode(Option<String?>.self, forKey: key).wrappedValue.map { [$0] } ?? []
        case .repeated: return try container.decode(Option<[String]>.self, forKey: key).wrappedValue
        case .flag(inverted: false):
            return try container.decode(Flag<Bool>.self, forKey: key).wrappedValue ? ["true"] : []
        case .flag(inverted: true):
            return try container.decode(Flag<Bool?>.self, forKey: key).wrappedValue.map { ["\($0)"] } ?? []
        }
    }
}

/// The name of an option as the parser asks for it.
private struct OptionKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
}

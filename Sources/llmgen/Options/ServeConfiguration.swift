import ArgumentParser
import Foundation
import LLMGen
import Yams

/// Where the options of `llmgen serve` come from: flags, then the environment, then a file, then defaults.
///
/// All of them become arguments, so that one parser checks them. An option that a higher place gives is taken from there
/// alone, lists too.
struct ServeConfiguration {
    /// Where an option's value comes from.
    enum Source: String {
        case flag
        case environment
        case file
        case `default`
    }

    /// An option's values and where they come from.
    struct Entry {
        let option: OptionRow
        let values: [String]
        let source: Source
    }

    let entries: [Entry]
    /// What the parser is to read, `serve` first.
    let arguments: [String]

    /// The process's arguments; those of `serve` with what file and environment add.
    static func arguments() throws -> [String] {
        let given = Array(CommandLine.arguments.dropFirst())
        guard given.first == ServeCommand.configuration.commandName, !given.contains("--help"), !given.contains("-h")
        else {
            return given
        }
        return try ServeConfiguration(Array(given.dropFirst()), ProcessInfo.processInfo.environment).arguments
    }

    /// - Parameters:
    ///   - flags: what was typed after `serve`.
    ///   - environment: the environment's variables.
    /// - Throws: ``LLMGenError`` for a file that cannot be read, or an option that it names and there is not.
    init(_ flags: [String], _ environment: [String: String]) throws {
        let options = ServeConfiguration.options
        let typed = ServeConfiguration.values(flags, options)
        let path = typed["config"]?.last ?? environment["LLMGEN_CONFIG"]
        let filed = try path.map { path throws(LLMGenError) in try ServeConfiguration.file(path, options) } ?? [:]
        var entries: [Entry] = []
        var added: [String] = []
        for option in options where option.name != "config" {
            if let values = typed[option.name] {
                entries.append(Entry(option: option, values: values, source: .flag))
                continue
            }
            let variable = ServeConfiguration.values(of: environment[option.environmentName], option)
            if let values = variable ?? filed[option.name] {
                entries.append(Entry(option: option, values: values, source: variable == nil ? .file : .environment))
                added += try values.flatMap { value throws(LLMGenError) in
                    try ServeConfiguration.argument(option, value, variable == nil)
                }
            } else {
                entries.append(
                    Entry(option: option, values: option.defaultArgument.map { [$0] } ?? [], source: .default))
            }
        }
        self.entries = entries
        arguments = [ServeCommand.configuration.commandName ?? ""] + added + flags
    }

    // MARK: What is printed

    /// All options as a file of them, each with where its value comes from. Secrets are left out.
    var description: String {
        entries.map { entry in
            let name = entry.option.name
            if entry.values.isEmpty { return "# \(name):\n" }
            if entry.option.isSecret { return "# \(name): (hidden)  # \(entry.source.rawValue)\n" }
            let values = entry.values.map(ServeConfiguration.scalar)
            let comment = "  # \(entry.source.rawValue)"
            guard entry.option.isRepeating else { return "\(name): \(values[0])\(comment)\n" }
            return "\(name):\(comment)\n" + values.map { "  - \($0)\n" }.joined()
        }.joined()
    }

    private static func scalar(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/".contains($0)) }
        let beginsPlain = text.first.map { $0 != "-" && $0 != "." } ?? false
        return isPlain && beginsPlain ? text : "'\(text.replacing("'", with: "''"))'"
    }

    // MARK: Sources

    /// The options of `serve`, but those that only a command line has.
    private static let options = (ServerOptionGroup.rows + EngineSettings.rows).filter { $0.name != "print-config" }

    /// The values that arguments give to options. What is no option is left to the parser.
    private static func values(_ arguments: [String], _ options: [OptionRow]) -> [String: [String]] {
        var values: [String: [String]] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else { continue }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let option = options.first(where: { $0.name == parts[0] }) else { continue }
            let value: String
            if option.isFlag {
                value = "true"
            } else if parts.count == 2 {
                value = String(parts[1])
            } else {
                value = rest.popFirst() ?? ""
            }
            values[option.name] = option.isRepeating ? values[option.name, default: []] + [value] : [value]
        }
        return values
    }

    /// The values of a variable; one that is empty, or a list without elements, is not set.
    private static func values(of variable: String?, _ option: OptionRow) -> [String]? {
        guard let variable, !variable.isEmpty else { return nil }
        guard option.isRepeating else { return [variable] }
        let values = variable.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
            !$0.isEmpty
        }
        return values.isEmpty ? nil : values
    }

    /// The options of a YAML file: names of options, with `-` or `_`, to scalars or lists of them.
    private static func file(_ path: String, _ options: [OptionRow]) throws(LLMGenError) -> [String: [String]] {
        let limit = 1 << 20
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: limit + 1) ?? Data(),
            data.count <= limit, let text = String(data: data, encoding: .utf8)
        else {
            throw LLMGenError(
                code: .notFound, message: "cannot read the configuration '\(path)'; give a text file of at most 1 MiB")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw LLMGenError(code: .invalidInput, message: "'\(path)' is no YAML: \(error)", cause: error)
        }
        guard let node else { return [:] }
        guard let mapping = node.mapping else {
            throw LLMGenError(code: .invalidInput, message: "'\(path)' is no mapping of options to values")
        }
        var values: [String: [String]] = [:]
        for (key, value) in mapping {
            let name = (key.string ?? "").replacing("_", with: "-")
            guard let option = options.first(where: { $0.name == name }), name != "config" else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "'\(path)' has an option '\(key.string ?? "")', which serve has not; see llmgen serve --help")
            }
            let texts = value.sequence.map { $0.map { $0.scalar?.string } } ?? [value.scalar?.string]
            guard texts.allSatisfy({ $0 != nil }), texts.count == 1 || option.isRepeating else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "'\(path)': \(name) must be \(option.isRepeating ? "a value or a list of them" : "one value")")
            }
            values[name] = texts.compactMap { $0 }
        }
        return values
    }

    private static func argument(_ option: OptionRow, _ value: String, _ isFile: Bool) throws(LLMGenError) -> [String] {
        guard option.isFlag else { return ["--\(option.name)", value] }
        switch value.lowercased() {
        case "true", "yes", "on", "1": return ["--\(option.name)"]
        case "false", "no", "off", "0", "": return []
        default:
            let place = isFile ? option.name : option.environmentName
            throw LLMGenError(code: .invalidArgument, message: "\(place) is '\(value)'; it must be true or false")
        }
    }
}

extension OptionRow {
    /// `LLMGEN_MAX_NUM_SEQS` for `max-num-seqs`.
    fileprivate var environmentName: String { "LLMGEN_" + name.uppercased().replacing("-", with: "_") }

    /// Whether its value is a secret.
    fileprivate var isSecret: Bool { name == "api-key" }

    fileprivate var isFlag: Bool { if case .flag = form { true } else { false } }

    fileprivate var isRepeating: Bool { if case .repeated = form { true } else { false } }
}

public import LLMJSON
import LLMWeights
import OrderedCollections

/// A model's `config.json`: typed access to its keys, with errors that name the file, the key and the value.
public struct ConfigFile: Sendable {
    /// The file, as messages name it.
    public let path: String
    private let values: OrderedDictionary<String, JSONValue>
    private let prefix: String

    /// Larger files are no configs.
    private static let maxByteCount = 16 << 20

    /// Reads a file. - Throws: `ModelError` `notFound` or `invalidConfig`.
    public init(path: String) throws(ModelError) {
        do {
            let file = try MappedFile(path: path)
            guard file.count <= ConfigFile.maxByteCount else {
                throw ModelError(
                    .invalidConfig,
                    "'\(path)': \(file.count) bytes, the limit is \(ConfigFile.maxByteCount); "
                        + "a config is a small JSON file")
            }
            try self.init(bytes: file.bytes(in: 0..<file.count), path: path)
        } catch let error as WeightsError {
            throw ModelError(error.code == .notFound ? .notFound : .invalidConfig, error.message)
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError(.invalidConfig, "'\(path)': \(error)")
        }
    }

    /// Reads JSON text. - Throws: `ModelError` `invalidConfig`.
    public init(bytes: [UInt8], path: String) throws(ModelError) {
        self.path = path
        prefix = ""
        do {
            guard case .object(let members) = try JSONValue(bytes, takesPythonNumbers: true) else {
                throw ModelError(.invalidConfig, "'\(path)': not a JSON object; a config is one")
            }
            values = members
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError(
                .invalidConfig,
                "'\(path)': \(error); the file is damaged or cut short: download or convert it again")
        }
    }

    private init(path: String, prefix: String, values: OrderedDictionary<String, JSONValue>) {
        self.path = path
        self.prefix = prefix
        self.values = values
    }

    /// Whether `key` has a value other than null.
    public func has(_ key: String) -> Bool { value(key) != nil }

    /// Whether `key` is there with the value null.
    public func isNull(_ key: String) -> Bool {
        if case .null? = values[key] { true } else { false }
    }

    /// The keys whose values are objects.
    public var objectKeys: [String] {
        values.filter { if case .object = $0.value { true } else { false } }.keys.sorted()
    }

    /// A whole number in `range`; `fallback` where the key is missing, or an error where there is no fallback.
    public func integer(
        _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil
    ) throws(ModelError) -> Int {
        guard let value = value(key) else { return try required(key, fallback) }
        guard let integer = value.exactInteger, range.contains(integer) else {
            throw invalid(key, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// A number in `range`, likewise.
    public func number(
        _ key: String, in range: ClosedRange<Double>, default fallback: Double? = nil
    ) throws(ModelError) -> Double {
        guard let value = value(key) else { return try required(key, fallback) }
        guard let number = value.double, range.contains(number) else {
            throw invalid(key, value, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// true or false, likewise.
    public func flag(_ key: String, default fallback: Bool? = nil) throws(ModelError) -> Bool {
        guard let value = value(key) else { return try required(key, fallback) }
        guard case .flag(let flag) = value else { throw invalid(key, value, "true or false") }
        return flag
    }

    /// A text, likewise.
    public func string(_ key: String, default fallback: String? = nil) throws(ModelError) -> String {
        guard let value = value(key) else { return try required(key, fallback) }
        guard case .string(let string) = value else { throw invalid(key, value, "a text") }
        return string
    }

    /// A list of texts; empty where the key is missing.
    public func strings(_ key: String) throws(ModelError) -> [String] {
        guard let value = value(key) else { return [] }
        guard case .array(let items) = value else { throw invalid(key, value, "a list of texts") }
        var strings: [String] = []
        for item in items {
            guard case .string(let string) = item else { throw invalid(key, item, "a list of texts") }
            strings.append(string)
        }
        return strings
    }

    /// A whole number or a list of them, such as `eos_token_id`; empty where the key is missing.
    public func integers(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> [Int] {
        guard let value = value(key) else { return [] }
        var items = [value]
        if case .array(let array) = value { items = array }
        var integers: [Int] = []
        for item in items {
            guard let integer = item.exactInteger, range.contains(integer) else {
                throw invalid(key, item, "whole numbers from \(range.lowerBound) to \(range.upperBound)")
            }
            integers.append(integer)
        }
        return integers
    }

    /// The object under `key`; nil where the key is missing.
    public func object(_ key: String) throws(ModelError) -> ConfigFile? {
        guard let value = value(key) else { return nil }
        guard case .object(let object) = value else { throw invalid(key, value, "an object") }
        return ConfigFile(path: path, prefix: "\(prefix)\(key).", values: object)
    }

    /// An error about the value of `key`: what it must be, or why it cannot be used.
    public func invalid(_ key: String, _ wanted: String) -> ModelError {
        value(key).map { invalid(key, $0, wanted) }
            ?? ModelError(.invalidConfig, "'\(path)': \(prefix)\(key) is missing; it must be \(wanted)")
    }

    /// An error that says the engine cannot run what `key` asks for.
    public func unsupported(_ key: String, _ remedy: String) -> ModelError {
        let shown = value(key)?.shown ?? "missing"
        return ModelError(.unsupported, "'\(path)': \(prefix)\(key) is \(shown), which is not supported; \(remedy)")
    }

    /// The value of `key`; nil where it is missing or null.
    package func value(_ key: String) -> JSONValue? {
        switch values[key] {
        case nil, .null: nil
        case let value?: value
        }
    }

    private func required<Value>(_ key: String, _ fallback: Value?) throws(ModelError) -> Value {
        guard let fallback else {
            throw ModelError(
                .invalidConfig,
                "'\(path)': the key \(prefix)\(key) is missing; the model cannot be built without it")
        }
        return fallback
    }

    private func invalid(_ key: String, _ value: JSONValue, _ wanted: String) -> ModelError {
        ModelError(.invalidConfig, "'\(path)': \(prefix)\(key) is \(value.shown); it must be \(wanted)")
    }
}

extension JSONValue {
    fileprivate var double: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    /// The value as a message shows it.
    fileprivate var shown: String {
        switch self {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .integer(let integer): "\(integer)"
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        case .string(let string): "'\(String(string.prefix(80)).filter { !$0.isNewline })'"
        case .array(let items): "a list of \(items.count)"
        case .object(let members): "an object of \(members.count) keys"
        }
    }
}

public import LLMJSON
import LLMWeights
import OrderedCollections

/// A model's `config.json`: typed access to its keys, with errors that name the file, the key and the value.
public struct ConfigFile: Sendable {
    /// The file, as messages name it.
    public let path: String
    private var values: OrderedDictionary<String, JSONValue>
    private let prefix: String
    private var names: [String: String] = [:]

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

    /// The same config where keys go by other names as well, by the usual key: where the file has the other name, that
    /// counts, as with transformers' `attribute_map`.
    func named(_ names: [String: String]) -> ConfigFile {
        var config = self
        config.names = names
        return config
    }

    /// What the file calls a key.
    private func name(_ key: String) -> String {
        guard let other = names[key], values[other] != nil || values[key] == nil else { return key }
        return other
    }

    /// Whether `key` is there with the value null.
    public func isNull(_ key: String) -> Bool {
        if case .null? = values[name(key)] { true } else { false }
    }

    /// Keys there are.
    var count: Int { values.count }

    /// The keys whose values are objects.
    public var objectKeys: [String] {
        values.filter { if case .object = $0.value { true } else { false } }.keys.sorted()
    }

    /// A list of texts; empty where the key is missing.
    package func strings(_ key: String) throws(ModelError) -> [String] { try value(key, .texts, default: []) }

    /// A whole number or a list of them, such as `eos_token_id`; empty where the key is missing.
    package func integers(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> [Int] {
        try value(key, .integers(in: range), default: [])
    }

    /// The object under `key`; nil where the key is missing.
    package func object(_ key: String) throws(ModelError) -> ConfigFile? {
        guard let value = field(key) else { return nil }
        guard case .object(let object) = value else { throw invalid(key, "an object") }
        return ConfigFile(path: path, prefix: "\(prefix)\(name(key)).", values: object)
    }

    /// The same with a value for each of these keys that it does not have.
    func adding(defaults: OrderedDictionary<String, JSONValue>) -> ConfigFile {
        var config = self
        config.values.merge(defaults) { own, _ in own }
        return config
    }

    /// The same with what another config has under a key, where it has something there.
    func taking(_ key: String, from other: ConfigFile) -> ConfigFile {
        var config = self
        if let value = other.values[other.name(key)] { config.values[name(key)] = value }
        return config
    }

    /// The config of the text model of one that reads images too, under `text_config`. Whether its output head is tied the
    /// whole config says, where it does.
    func textConfig() throws(ModelError) -> ConfigFile {
        guard var text = try object("text_config") else { throw missing("text_config") }
        let key = "tie_word_embeddings"
        if has(key) { text.values[key] = .flag(try flag(key)) }
        return text
    }

    /// An error that says the engine cannot run what `key` asks for.
    package func unsupported(_ key: String, _ remedy: String) -> ModelError {
        let shown = field(key)?.shown ?? "missing"
        return ModelError(
            .unsupported, "'\(path)': \(prefix)\(name(key)) is \(shown), which is not supported; \(remedy)")
    }
}

extension ConfigFile: NamedFields {
    package func field(_ key: String) -> JSONValue? {
        let value = values[name(key)]
        if case .null? = value { return nil }
        return value
    }

    package func invalid(_ key: String, _ wanted: String) -> ModelError {
        let found = field(key).map { "is \($0.shown)" } ?? "is missing"
        return ModelError(.invalidConfig, "'\(path)': \(prefix)\(name(key)) \(found); it must be \(wanted)")
    }

    package func missing(_ key: String) -> ModelError {
        ModelError(
            .invalidConfig, "'\(path)': the key \(prefix)\(name(key)) is missing; the model cannot be built without it")
    }
}

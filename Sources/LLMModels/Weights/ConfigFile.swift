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
    public init(path: String) throws(ModelError) { try self.init(ConfigFile.json(path: path), path: path) }

    /// Reads JSON text. - Throws: `ModelError` `invalidConfig`.
    public init(bytes: [UInt8], path: String) throws(ModelError) {
        try self.init(ConfigFile.json(bytes, path: path), path: path)
    }

    private init(_ value: JSONValue, path: String) throws(ModelError) {
        guard case .object(let members) = value else {
            throw ModelError(.invalidConfig, "'\(path)': not a JSON object; a config is one")
        }
        self.init(path: path, prefix: "", values: members)
    }

    private static func json(path: String) throws(ModelError) -> JSONValue {
        let bytes: [UInt8]
        do throws(WeightsError) {
            let file = try MappedFile(path: path)
            guard file.count <= maxByteCount else {
                throw WeightsError(
                    .invalidMetadata,
                    "'\(path)': \(file.count) bytes, the limit is \(maxByteCount); a config is a small JSON file")
            }
            bytes = try file.bytes(in: 0..<file.count)
        } catch {
            throw ModelError(error.code == .notFound ? .notFound : .invalidConfig, error.message)
        }
        return try json(bytes, path: path)
    }

    private static func json(_ bytes: [UInt8], path: String) throws(ModelError) -> JSONValue {
        do {
            return try JSONValue(bytes, takesPythonNumbers: true)
        } catch {
            throw ModelError(
                .invalidConfig,
                "'\(path)': \(error); the file is damaged or cut short: download or convert it again")
        }
    }

    /// Reads a file that is a list of objects, such as `modules.json`. - Throws: as ``init(path:)``.
    package static func list(path: String) throws(ModelError) -> [ConfigFile] {
        guard case .array(let elements) = try json(path: path) else {
            throw ModelError(.invalidConfig, "'\(path)': not a JSON list; this file is one")
        }
        var objects: [ConfigFile] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let members) = element else {
                throw ModelError(.invalidConfig, "'\(path)': [\(index)] is \(element.shown); it must be an object")
            }
            objects.append(ConfigFile(path: path, prefix: "[\(index)].", values: members))
        }
        return objects
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

    /// Every key.
    package var keys: [String] { Array(values.keys) }

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

    /// Whether the model classifies whole texts.
    var classifiesTexts: Bool {
        get throws(ModelError) {
            try strings("architectures").contains { $0.hasSuffix("ForSequenceClassification") }
        }
    }

    /// The same with a value for each of these keys that it does not have.
    func adding(defaults: OrderedDictionary<String, JSONValue>) -> ConfigFile {
        var config = self
        config.values.merge(defaults) { own, _ in own }
        return config
    }

    /// The same with what another config has under a key, or without the key where it has nothing there.
    package func replacing(_ key: String, by other: ConfigFile) -> ConfigFile {
        var config = self
        config.values[key] = other.values[key]
        return config
    }

    /// The config of the text model of one that reads images too, under `text_config`. Whether its output head is tied the
    /// whole config says, where it does.
    func textConfig() throws(ModelError) -> ConfigFile {
        guard var text = try object("text_config") else { throw missing("text_config") }
        let key = "tie_word_embeddings"
        if has(key) { text.values[key] = .flag(try flag(key)) }
        try text.requireCausality()
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

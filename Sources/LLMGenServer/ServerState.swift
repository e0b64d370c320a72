import Hummingbird
import LLMGen
import LLMJSON
import Synchronization

/// What all requests of a server have in common.
final class ServerState: Sendable {
    let options: ServerOptions
    let registry: ModelRegistry
    let keyLimits = KeyLimits()
    let metrics = HTTPMetrics()
    /// When the server was made, in seconds since 1970.
    let created: Int
    private let keys: Mutex<APIKeys>
    private let draining = Atomic(false)
    private let failure = Mutex<LLMGenError?>(nil)

    init(_ models: [ServedModel], _ options: ServerOptions) throws(LLMGenError) {
        registry = try ModelRegistry(models)
        self.options = options
        created = unixTime()
        keys = Mutex(options.apiKeys)
    }

    // MARK: Life

    /// Whether the server is about to end.
    var isDraining: Bool { draining.load(ordering: .acquiring) }

    /// From now on the server tells that it is about to end.
    func drain() { draining.store(true, ordering: .releasing) }

    /// Loads the models, one after another.
    func load() async throws(LLMGenError) {
        for entry in registry.entries {
            do throws(LLMGenError) {
                try await entry.load()
            } catch {
                failure.withLock { $0 = error }
                throw error
            }
        }
    }

    /// The engine of a model. - Throws: 503 while it is not loaded, or when the server is about to end.
    func engine(of entry: ModelRegistry.Entry) throws(ErrorResponse) -> Engine {
        if let engine = entry.engine { return engine }
        throw .loading(entry.name)
    }

    /// Why the server cannot do its work now; nil if it can.
    var fault: String? {
        if let failure = failure.withLock({ $0 }) { return "loading failed: \(failure.message)" }
        for entry in registry.entries {
            guard let engine = entry.engine else { return "'\(entry.name)' is being loaded" }
            if let seconds = engine.secondsWithoutProgress, seconds > options.stuckAfter.seconds {
                return "the engine of '\(entry.name)' has completed no step for \(Int(seconds)) seconds"
            }
        }
        return nil
    }

    // MARK: Who asks

    /// The keys from now on.
    func setKeys(_ keys: APIKeys) { self.keys.withLock { $0 = keys } }

    /// The name of the key of a request, nil where no keys are needed. - Throws: 401.
    func authenticate(_ request: Request) throws(ErrorResponse) -> String? {
        let keys = keys.withLock { $0 }
        if keys.isEmpty { return nil }
        let header = request.headers[.authorization] ?? ""
        let scheme = "Bearer "
        if header.lowercased().hasPrefix(scheme.lowercased()),
            let name = keys.name(of: header.dropFirst(scheme.count).utf8)
        {
            return name
        }
        throw ErrorResponse(
            status: 401, code: "invalid_api_key",
            message: header.isEmpty
                ? "there is no API key; send it as 'Authorization: Bearer KEY'" : "the API key is not known here")
    }

    /// The salt of a request's cached prefixes.
    func salt(_ salt: String?, of key: String?) -> String? {
        guard let key, !options.sharesPrefixesBetweenKeys else { return salt }
        return "\(key)\u{0}\(salt ?? "")"
    }
}

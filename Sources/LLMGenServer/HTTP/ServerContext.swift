import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What the server knows of one HTTP request while it is served.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's name of the request, or one made here.
    var requestID = ""
    /// The name of the API key that the request came with.
    var key: String?
    /// What the access log tells of it.
    let record = AccessRecord()
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Tells when the client is gone. - Throws: `CancellationError` where it is gone already.
    var departure: Departure {
        get async throws {
            do {
                return try await channel.pipeline.handler(type: ConnectionHandler.self).map(\.departure).get()
            } catch {
                // A closed connection has no handlers.
                throw CancellationError()
            }
        }
    }
}

/// What the access log tells of a request, known at its end.
final class AccessRecord: Sendable {
    struct Fields {
        var key: String?
        var model: String?
        var promptTokens: Int?
        var cachedTokens: Int?
        var completionTokens: Int?
        var finishReasons: [String] = []
        var ttftSeconds: Double?
    }

    private let fields = Mutex(Fields())

    var current: Fields { fields.withLock { $0 } }

    func update(_ change: (inout Fields) -> Void) { fields.withLock { change(&$0) } }
}

public import LLMGen
import Logging
import ServiceLifecycle
import UnixSignals

/// A server as a process of its own: SIGTERM and SIGINT drain it, SIGHUP reads the API keys again.
public struct ServerProcess {
    private let endpoint: Endpoint
    private let readKeys: @Sendable () throws(LLMGenError) -> APIKeys

    /// - Parameter readKeys: reads the API keys anew. Where it fails, those before stay.
    public init(endpoint: Endpoint, readKeys: @escaping @Sendable () throws(LLMGenError) -> APIKeys) {
        self.endpoint = endpoint
        self.readKeys = readKeys
    }

    /// Serves until a signal ends it.
    public func run() async throws {
        var logger = Logger(label: "llmgen")
        logger.logLevel = max(logger.logLevel, .error)
        let reload = KeyReload(endpoint: endpoint, readKeys: readKeys)
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(
                        service: endpoint, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup),
                    .init(service: reload),
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}

/// Reads the API keys again on SIGHUP.
private struct KeyReload: Service {
    let endpoint: Endpoint
    let readKeys: @Sendable () throws(LLMGenError) -> APIKeys

    func run() async throws {
        let logger = Logger(label: "llmgen")
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do throws(LLMGenError) {
                let keys = try readKeys()
                endpoint.setKeys(keys)
                logger.info("API keys read", metadata: ["names": "\(keys.names.joined(separator: ","))"])
            } catch {
                logger.error("API keys not read, the ones before stay", metadata: ["error": "\(error.message)"])
            }
        }
    }
}

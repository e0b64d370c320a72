import Foundation
import LLMGen
import NIOCore
import NIOPosix

/// Asks a server for its first model, on a connection of its own.
enum ModelLookup {
    static let bodyLimit = 1 << 20

    /// The name of the first model of `GET /v1/models`.
    ///
    /// - Throws: ``LLMGenError`` `failed` with what the server answered.
    static func firstModel(
        on channel: any Channel, url: ServerURL, configuration: LoadGenerator.Configuration
    ) async throws -> String {
        let promise = channel.eventLoop.makePromise(of: (Int, [UInt8]).self)
        let key = configuration.apiKey.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let request =
            "GET \(url.path)/v1/models HTTP/1.1\r\nHost: \(url.authority)\r\nUser-Agent: llmgen-bench\r\n\(key)"
            + "Connection: close\r\n\r\n"
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(30)) {
            promise.fail(failure("no answer within 30 s"))
        }
        defer { deadline.cancel() }
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(BodyReader(promise))
        }.get()
        channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
        let (status, body) = try await promise.futureResult.get()
        guard status == 200 else { throw failure("status \(status), \(ServerMessage.text(body))") }
        guard let models = try? JSONDecoder().decode(Models.self, from: Data(body)), let first = models.data.first
        else {
            throw failure("it lists no model: \(ServerMessage.excerpt(body))")
        }
        return first.id
    }

    private struct Models: Decodable {
        struct Model: Decodable { let id: String }
        let data: [Model]
    }

    private static func failure(_ why: String) -> LLMGenError {
        LLMGenError(code: .failed, message: "GET /v1/models does not name a model: \(why); give model")
    }

    /// Collects one response.
    private final class BodyReader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let promise: EventLoopPromise<(Int, [UInt8])>
        private var parser = HTTPResponseParser()
        private var status = 0
        private var body: [UInt8] = []

        init(_ promise: EventLoopPromise<(Int, [UInt8])>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            let bytes = buffer.readableBytesUInt8Span
            var position = 0
            do {
                while let item = try parser.next(in: bytes, from: &position) {
                    switch item {
                    case .head(let head): status = head.status
                    case .body(let range):
                        guard body.count + range.count <= ModelLookup.bodyLimit else {
                            return promise.fail(failure("its answer is over \(ModelLookup.bodyLimit) bytes"))
                        }
                        for place in range { body.append(bytes[place]) }
                    case .end: return promise.succeed((status, body))
                    }
                }
            } catch {
                promise.fail(failure("its answer is not HTTP/1.1: \(error.reason)"))
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            if parser.close() {
                promise.succeed((status, body))
            } else {
                promise.fail(failure("the connection was closed before the end of the answer"))
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(failure(SystemReason.text(error)))
        }
    }
}

import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real HTTP server that answers each request with the bytes of a script. Requests are read by NIO's own parser.
struct ScriptServer: Sendable {
    /// What to do, one after the other.
    enum Step: Sendable {
        case send(String)
        case wait(milliseconds: Int64)
        /// Until so many requests have come in all.
        case awaitRequests(Int)
        case close
    }

    /// A request as it came.
    struct Received: Sendable {
        /// The connection's number, from 0 in the order they were made.
        let connection: Int
        let head: HTTPRequestHead
        let body: String

        var json: [String: Any] {
            get throws { try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:] }
        }
    }

    /// What happened so far.
    struct State: Sendable {
        var requests: [Received] = []
        var connections = 0
        var closed = 0
        var underWay = 0
        var mostUnderWay = 0
    }

    final class Log: Sendable {
        let state = Mutex(State())
        private let waiting = Mutex([(count: Int, promise: EventLoopPromise<Void>)]())

        /// Done when so many requests have come.
        func requests(_ count: Int, on loop: any EventLoop) -> EventLoopFuture<Void> {
            let promise = loop.makePromise(of: Void.self)
            waiting.withLock { $0.append((count, promise)) }
            wake()
            return promise.futureResult
        }

        /// Wakes those whose number of requests has come, or all.
        func wake(all: Bool = false) {
            let count = all ? .max : state.withLock { $0.requests.count }
            let ready = waiting.withLock { waiting in
                defer { waiting.removeAll { $0.count <= count } }
                return waiting.filter { $0.count <= count }
            }
            for (_, promise) in ready { promise.succeed() }
        }
    }

    let url: String
    let log: Log
    var requests: [Received] { log.state.withLock { $0.requests } }

    /// Runs `body` beside a server that answers request number n, from 0, with `script(n, request)`.
    static func with<R>(
        _ script: @escaping @Sendable (Int, Received) -> [Step], _ body: (ScriptServer) async throws -> R
    ) async throws -> R {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let log = Log()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try channel.pipeline.syncOperations.addHandler(Player(script, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(
                ScriptServer(url: "http://127.0.0.1:\(channel.localAddress?.port ?? 0)", log: log))
            log.wake(all: true)
            try await group.shutdownGracefully()
            return result
        } catch {
            log.wake(all: true)
            try await group.shutdownGracefully()
            throw error
        }
    }

    /// Waits until `condition` holds; a test that waits in vain is stopped by its time limit.
    func wait(until condition: (State) -> Bool) async throws {
        while !log.state.withLock({ condition($0) }) { try await Task.sleep(for: .milliseconds(1)) }
    }

    private final class Player: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer

        private let script: @Sendable (Int, Received) -> [Step]
        private let log: Log
        private let connection: Int
        private var head: HTTPRequestHead?
        private var body = ""

        init(_ script: @escaping @Sendable (Int, Received) -> [Step], _ log: Log) {
            self.script = script
            self.log = log
            connection = log.state.withLock {
                $0.connections += 1
                return $0.connections - 1
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, "")
            case .body(let bytes): body += String(buffer: bytes)
            case .end:
                guard let head else { return }
                let request = Received(connection: connection, head: head, body: body)
                let number = log.state.withLock {
                    $0.requests.append(request)
                    $0.underWay += 1
                    $0.mostUnderWay = max($0.mostUnderWay, $0.underWay)
                    return $0.requests.count - 1
                }
                log.wake()
                play(script(number, request)[...], context)
            }
        }

        func channelInactive(context: ChannelHandlerContext) { log.state.withLock { $0.closed += 1 } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func play(_ steps: ArraySlice<Step>, _ context: ChannelHandlerContext) {
            guard let step = steps.first else { return }
            let rest = steps.dropFirst()
            // Before the last bytes go out: the client may answer them with the next request at once.
            if rest.isEmpty { log.state.withLock { $0.underWay -= 1 } }
            switch step {
            case .send(let text):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                play(rest, context)
            case .wait(let milliseconds):
                _ = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                    self.resume(rest, context)
                }
            case .awaitRequests(let count):
                log.requests(count, on: context.eventLoop).assumeIsolated().whenSuccess { self.resume(rest, context) }
            case .close: context.close(promise: nil)
            }
        }

        private func resume(_ steps: ArraySlice<Step>, _ context: ChannelHandlerContext) {
            if context.channel.isActive { play(steps, context) }
        }
    }
}

/// Bytes that a server of OpenAI's protocol sends.
enum Wire {
    static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    static let end = "0\r\n\r\n"
    static let done = chunk("data: [DONE]\n\n")

    static func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }

    static func output(_ text: String) -> String {
        chunk("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"text\":\"\(text)\",\"finish_reason\":null}]}\n\n")
    }

    static func usage(prompt: Int, completion: Int, cached: Int = 0) -> String {
        chunk(
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":\(prompt),\"completion_tokens\":\(completion),"
                + "\"prompt_tokens_details\":{\"cached_tokens\":\(cached)}}}\n\n")
    }

    /// A whole stream of `count` outputs.
    static func stream(_ count: Int, prompt: Int = 5) -> String {
        head + (0..<count).map { output(" \($0)") }.joined() + usage(prompt: prompt, completion: count) + done + end
    }

    static func response(_ status: String, _ headers: [String] = [], body: String) -> String {
        "HTTP/1.1 \(status)\r\n" + headers.map { $0 + "\r\n" }.joined() + "Content-Length: \(body.utf8.count)\r\n\r\n"
            + body
    }
}

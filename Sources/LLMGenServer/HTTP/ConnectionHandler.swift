import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Watches over one connection: closes it where the other side is too slow, and tells when it is gone.
///
/// A request's head, and then its body, must have come within a time however they drip in; a connection without a
/// request is closed after a time; so is one whose client does not read what is ready for it.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The times, from the server's options.
    struct Limits: Sendable {
        let receive: TimeAmount
        let keepAlive: TimeAmount
        let send: TimeAmount
    }

    /// Tells when the client is gone.
    let departure = Departure()
    private let limits: Limits
    private var receiving: Scheduled<Void>?
    private var sending: Scheduled<Void>?
    private var closesAfterResponse = false
    /// Requests whose head has come and whose response has not ended; a client may send several at once.
    private var unanswered = 0
    /// Whether a client is to be told, before its response, that it may send the body (RFC 9110, 10.1.1).
    private var expectsContinue = false

    init(_ limits: Limits) { self.limits = limits }

    // MARK: What comes in

    func channelActive(context: ChannelHandlerContext) {
        receiving = close(context, after: limits.receive)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            receiving?.cancel()
            receiving = close(context, after: limits.receive)
            unanswered += 1
            if head.headerFields[.connection]?.lowercased() == "close" { closesAfterResponse = true }
            expectsContinue = head.headerFields[.expect]?.lowercased() == "100-continue"
            writeContinue(context)
        case .body: break
        case .end:
            receiving?.cancel()
            // A request may be answered before its body has come.
            receiving = unanswered == 0 ? close(context, after: limits.keepAlive) : nil
            expectsContinue = false
        }
        context.fireChannelRead(data)
    }

    /// Asks for the body that a client holds back, once its request is the first that is unanswered.
    private func writeContinue(_ context: ChannelHandlerContext) {
        guard expectsContinue, unanswered == 1 else { return }
        expectsContinue = false
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        receiving?.cancel()
        sending?.cancel()
        departure.happen()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that sends no more is taken to be gone, as proxies take it.
        if let event = event as? ChannelEvent, event == .inputClosed { departure.happen() }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.headerFields[.connection] == "close" { closesAfterResponse = true }
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            unanswered -= 1
            if closesAfterResponse {
                context.flush()
                context.close(mode: .output, promise: nil)
            } else {
                writeContinue(context)
            }
            if receiving == nil, unanswered == 0 || closesAfterResponse {
                receiving = close(context, after: closesAfterResponse ? limits.receive : limits.keepAlive)
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sending?.cancel()
        sending = context.channel.isWritable ? nil : close(context, after: limits.send)
        context.fireChannelWritabilityChanged()
    }

    private func close(_ context: ChannelHandlerContext, after time: TimeAmount) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }
}

/// Whether the client of a connection is gone, and what is to be done then.
final class Departure: Sendable {
    private struct State {
        var hasHappened = false
        var actions: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// The client is gone.
    func happen() {
        let actions = state.withLock { state in
            defer { state.actions = [:] }
            state.hasHappened = true
            return state.actions
        }
        for action in actions.values { action() }
    }

    /// Runs `operation`, and `action` if the client is gone meanwhile or before.
    func whilePresent<Value>(
        isolation: isolated (any Actor)? = #isolation,
        _ operation: () async throws -> Value, onDeparture action: @escaping @Sendable () -> Void
    ) async rethrows -> Value {
        let number = state.withLock { state in
            guard !state.hasHappened else { return nil as Int? }
            state.next += 1
            state.actions[state.next] = action
            return state.next
        }
        guard let number else {
            action()
            return try await operation()
        }
        defer { state.withLock { $0.actions[number] = nil } }
        return try await operation()
    }
}

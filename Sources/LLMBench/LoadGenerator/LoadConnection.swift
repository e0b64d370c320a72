import NIOCore

/// A connection to the server, with one exchange at a time. It lives on its event loop.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Who is told what became of an exchange; set before the first.
    weak var worker: LoadWorker?
    /// The exchange under way.
    private(set) var exchange: Exchange?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Whether another request can be sent.
    var isOpen: Bool { context?.channel.isActive ?? false }

    /// Sends a request. The connection is open and has no exchange.
    func begin(_ exchange: Exchange, _ request: ByteBuffer) {
        self.exchange = exchange
        guard let context else { return end(exchange.fail("closed", "the connection was closed before the request")) }
        guard exchange.outputLimit == 0 else {
            context.writeAndFlush(wrapOutboundOut(request), promise: nil)
            return
        }
        // This client goes away as soon as its request is out.
        context.writeAndFlush(wrapOutboundOut(request)).assumeIsolated().whenComplete { [self] _ in
            if self.exchange?.index == exchange.index { end(.init(outcome: .disconnected, isReusable: false)) }
        }
    }

    /// Ends the exchange with a failure and closes the connection.
    func fail(_ kind: String, _ message: String) {
        if let exchange { end(exchange.fail(kind, message)) } else { close() }
    }

    /// The client goes away in the middle of the exchange.
    func leave() { end(.init(outcome: .disconnected, isReusable: false)) }

    func close() { context?.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        // Bytes that answer no request.
        guard exchange != nil else { return close() }
        let conclusion = exchange?.read(buffer.readableBytesUInt8Span, at: NIODeadline.now().uptimeNanoseconds)
        if let conclusion { end(conclusion) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let conclusion = exchange?.close() { end(conclusion) } else { worker?.closed(self) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let exchange {
            end(exchange.fail("closed", "the connection broke: \(SystemReason.text(error))"))
        } else {
            close()
        }
    }

    private func end(_ conclusion: Exchange.Conclusion) {
        guard let exchange else { return }
        self.exchange = nil
        if !conclusion.isReusable { close() }
        worker?.ended(exchange, conclusion, on: self)
    }
}

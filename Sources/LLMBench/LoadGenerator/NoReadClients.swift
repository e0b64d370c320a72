import NIOCore
import NIOPosix

/// Clients that send a request and never read: their connections fill up and stay so until they are closed.
struct NoReadClients: Sendable {
    /// Bytes of the system's receive buffer of each, small so that a short stream fills it.
    static let receiveBufferBytes = 4096

    private let channels: [any Channel]

    /// Connects them and sends their requests.
    static func open(
        _ count: Int, to address: SocketAddress, on group: any EventLoopGroup, _ template: RequestTemplate,
        _ dataset: Dataset
    ) async throws -> NoReadClients {
        var channels: [any Channel] = []
        for index in 0..<count {
            let channel = try await ClientBootstrap(group: group)
                .channelOption(.autoRead, value: false)
                .channelOption(.socketOption(.so_rcvbuf), value: receiveBufferBytes)
                .connect(to: address).get()
            channels.append(channel)
            let turn = dataset.conversation(index, isWarmUp: true).turns[0]
            try await channel.writeAndFlush(
                template.request(turn.content, outputTokens: turn.outputTokens, index, isWarmUp: true).bytes)
        }
        return NoReadClients(channels: channels)
    }

    func close() {
        for channel in channels { channel.close(promise: nil) }
    }
}

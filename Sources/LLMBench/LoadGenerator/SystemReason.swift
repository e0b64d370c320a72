import Foundation
import NIOCore
import NIOPosix

/// Why a connection failed, in the system's words.
enum SystemReason {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { text($0.error) } ?? "the host \(error.host) has no address"
        case ChannelError.connectTimeout: "no answer in time"
        default: "\(error)"
        }
    }
}

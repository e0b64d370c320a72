import Synchronization

/// Room for encoding, kept from text to text, with the words that came before. Each text that is being encoded has
/// its own.
final class ScratchPool: Sendable {
    private static let limit = 8
    private let free = Mutex<[TokenModel.Scratch]>([])

    func take() -> TokenModel.Scratch { free.withLock { $0.popLast() } ?? TokenModel.Scratch() }

    func giveBack(_ scratch: TokenModel.Scratch) {
        free.withLock { if $0.count < Self.limit { $0.append(scratch) } }
    }
}

import Synchronization

/// Ends a load that has shown enough: more requests than a limit have missed their goals.
final class MissLimit: Sendable {
    private let goodput: Goodput
    private let limit: Int
    private let misses = Atomic<Int>(0)

    init(_ goodput: Goodput, limit: Int) {
        self.goodput = goodput
        self.limit = limit
    }

    /// Counts a request that has ended, where it missed a goal.
    func count(_ record: RequestRecord) {
        switch record.outcome {
        case .completed where goodput.isMet(by: record): return
        case .disconnected: return
        default: break
        }
        misses.add(1, ordering: .relaxed)
    }

    var isExceeded: Bool { misses.load(ordering: .relaxed) > limit }
}

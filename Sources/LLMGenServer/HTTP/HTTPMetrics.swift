import Synchronization

/// Counts HTTP requests by route and status.
final class HTTPMetrics: Sendable {
    struct Row: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private let counts = Mutex<[Row: Int]>([:])

    func count(_ row: Row) { counts.withLock { $0[row, default: 0] += 1 } }

    var current: [(row: Row, count: Int)] {
        counts.withLock { Array($0) }
            .sorted { ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status) }
            .map { ($0.key, $0.value) }
    }
}

import LLMGen
import Synchronization

/// Counts the requests of one model that are in the server, so that those that come too many are told at once.
///
/// The engine takes what came only between two steps, and a step of a large model takes its time; the gate answers
/// without asking it.
package final class RequestGate: Sendable {
    private let inside = Mutex(0)

    package init() {}

    /// Sequences that are in the server now.
    package var count: Int { inside.withLock { $0 } }

    /// Lets a request of so many sequences in.
    ///
    /// - Parameters:
    ///   - limit: sequences there may be at once. A request alone may have more.
    ///   - retryAfter: when to come back, for one that finds no room.
    package func enter(_ sequences: Int, limit: Int, retryAfter: () -> Duration) throws(ErrorResponse) -> Pass {
        let count = inside.withLock { inside in
            guard inside == 0 || inside + sequences <= limit else { return inside as Int? }
            inside += sequences
            return nil
        }
        if let count {
            throw ErrorResponse(
                status: 429, type: "rate_limit_error", code: "overloaded",
                message: "the server has \(count) sequences of this model, of at most \(limit); come back later",
                retryAfter: retryAfter())
        }
        return Pass(gate: self, sequences: sequences)
    }

    /// A request's stay in the server; it ends when nobody holds the pass any more.
    package final class Pass: Sendable {
        private let gate: RequestGate
        private let sequences: Int

        fileprivate init(gate: RequestGate, sequences: Int) {
            self.gate = gate
            self.sequences = sequences
        }

        deinit { gate.inside.withLock { $0 -= sequences } }
    }
}

/// Counts the requests of each API key.
package final class KeyLimits: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    package init() {}

    /// Lets a request of that key in; nil where as many are served as may.
    package func enter(_ key: String, limit: Int) -> Pass? {
        let hasRoom = counts.withLock { counts in
            guard counts[key, default: 0] < limit else { return false }
            counts[key, default: 0] += 1
            return true
        }
        return hasRoom ? Pass(limits: self, key: key) : nil
    }

    /// A request's stay; it ends when nobody holds the pass any more.
    package final class Pass: Sendable {
        private let limits: KeyLimits
        private let key: String

        fileprivate init(limits: KeyLimits, key: String) {
            self.limits = limits
            self.key = key
        }

        deinit {
            limits.counts.withLock { counts in
                let rest = counts[key, default: 1] - 1
                counts[key] = rest > 0 ? rest : nil
            }
        }
    }
}

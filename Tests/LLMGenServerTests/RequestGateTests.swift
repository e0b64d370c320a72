import LLMGenServer
import Testing

@Suite struct RequestGateTests {
    @Test func `Those that come too many are told when to come back`() throws {
        let gate = RequestGate()
        var passes = [
            try gate.enter(3, limit: 5, retryAfter: { .zero }), try gate.enter(2, limit: 5, retryAfter: { .zero }),
        ]
        #expect(gate.count == 5)
        let error = #expect(throws: ErrorResponse.self) {
            _ = try gate.enter(1, limit: 5, retryAfter: { .seconds(7) })
        }
        #expect(error?.status == 429 && error?.retryAfter == .seconds(7))
        passes.removeFirst()
        #expect(gate.count == 2)
        passes.append(try gate.enter(3, limit: 5, retryAfter: { .zero }))
        passes = []
        #expect(gate.count == 0)
    }

    @Test func `A request larger than the gate goes through it alone`() throws {
        let gate = RequestGate()
        let pass = try gate.enter(9, limit: 5, retryAfter: { .zero })
        #expect(gate.count == 9)
        withExtendedLifetime(pass) {}
    }

    @Test func `Keys are counted apart`() {
        let limits = KeyLimits()
        let first = limits.enter("a", limit: 1)
        #expect(first != nil && limits.enter("a", limit: 1) == nil && limits.enter("b", limit: 1) != nil)
        withExtendedLifetime(first) {}
    }

    @Test func `A place is free again when its request has ended`() {
        let limits = KeyLimits()
        for _ in 0..<3 { #expect(limits.enter("a", limit: 1) != nil) }
    }
}

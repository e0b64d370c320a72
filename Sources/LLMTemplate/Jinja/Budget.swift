/// What a rendering may still use up. All work is paid for before it is done, so a template ends soon whatever it says.
struct Budget {
    /// Steps: about one for each node of the tree that is evaluated, and one for each 64 bytes that are handled.
    private(set) var steps = 30_000_000
    /// Bytes of strings and rows that are made, whether they are kept or not.
    private(set) var bytes = 1 << 30
    /// Calls and blocks that are open; each level takes some of the stack.
    private(set) var depth = 0

    enum Limits {
        static let textBytes = 64 << 20
        static let depth = 160
        static let bytesPerElement = 32
    }

    mutating func spend(_ count: Int = 1) throws {
        steps -= min(count, steps + 1)
        guard steps >= 0 else { throw JinjaError("the template takes more steps than it may", kind: .limit) }
    }

    /// Pays for a text of `count` bytes.
    mutating func allocate(textBytes count: Int) throws {
        try check(textBytes: count)
        try allocate(count)
    }

    /// Refuses a text that is too long.
    func check(textBytes count: Int) throws {
        guard count <= Limits.textBytes else {
            throw JinjaError("a text of \(count) bytes, more than \(Limits.textBytes), the limit", kind: .limit)
        }
    }

    /// Pays for a row of `count` elements.
    mutating func allocate(elements count: Int) throws {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: Limits.bytesPerElement)
        try allocate(overflow ? .max : bytes)
    }

    private mutating func allocate(_ count: Int) throws {
        bytes -= min(count, bytes + 1)
        guard bytes >= 0 else { throw JinjaError("the template takes more memory than it may", kind: .limit) }
        try spend(1 + count / Extent.bytesPerCount)
    }

    mutating func enter() throws {
        depth += 1
        guard depth <= Limits.depth else {
            throw JinjaError("calls and blocks nest deeper than \(Limits.depth), the limit", kind: .limit)
        }
    }

    mutating func leave() { depth -= 1 }
}

/// Reads arguments that are not written as JSON, as far as the bytes that came allow, and writes them as JSON.
protocol ArgumentScanner: Sendable {
    /// Reads from `position` on, and moves it past what is read.
    mutating func scan(_ bytes: ByteQueue, from position: inout Int, isFinal: Bool) -> ArgumentStatus
    /// The JSON that is not taken yet.
    mutating func takeOutput() -> [UInt8]
    /// The first `count` bytes are gone.
    mutating func drop(_ count: Int)
}

/// How far arguments have been read.
enum ArgumentStatus {
    case waiting
    /// The call's close begins where the reading ended.
    case complete
    /// They end here, as what follows belongs to no argument.
    case malformed
    /// What follows is none, but belongs to the call up to its close.
    case invalid
}

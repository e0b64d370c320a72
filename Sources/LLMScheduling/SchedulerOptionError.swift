/// A scheduler option out of range.
public struct SchedulerOptionError: Error, Hashable, CustomStringConvertible {
    /// The option, as it is spelled on the command line without its dashes.
    public let field: String
    /// The value that was given.
    public let value: Int
    /// What is allowed: "one of …" or "from … to …".
    public let allowed: String

    /// Field, value and what is allowed, in one line.
    public var message: String { "\(field) is \(value); it must be \(allowed)" }
    /// The message.
    public var description: String { message }
}

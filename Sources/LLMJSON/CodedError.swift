/// The error of a room: what kind of failure it is, for programs, and one line that says what, why and what to do, for
/// people.
///
/// Rooms differ in their kinds only. A room names itself by a type without values, and gives its kinds as members of
/// ``Code``:
///
/// ```swift
/// public enum WeightsFailure: ErrorRoom {}
/// public typealias WeightsError = CodedError<WeightsFailure>
///
/// extension WeightsError.Code {
///     public static var corrupt: Self { Self("corrupt") }
/// }
/// ```
public struct CodedError<Room: ErrorRoom>: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a failure. New kinds may be added, so a `switch` over them needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The kind's stable name.
        public let description: String

        /// A kind by its stable name.
        public init(_ name: String) { description = name }

        /// There is no such file.
        public static var notFound: Code { Code("not_found") }
        /// The file is there but cannot be read: no permission, a folder, a device.
        public static var unreadable: Code { Code("unreadable") }
        /// The file is larger than any such file can be.
        public static var tooLarge: Code { Code("too_large") }
        /// What is asked for may be sound, but needs what is not here.
        public static var unsupported: Code { Code("unsupported") }
    }

    /// The kind of failure.
    public let code: Code
    /// What, why and what to do, in one line.
    public let message: String

    /// A failure of kind `code`; line breaks in `message` become spaces.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// The message.
    public var description: String { message }
}

/// What names a room whose failures are ``CodedError``s.
public protocol ErrorRoom {}

/// A room's error, whichever room it is of: what the floor above needs to know to pass it on.
package protocol RoomError: Error {
    var message: String { get }
    /// Whether there is no such file.
    var isNotFound: Bool { get }
}

extension CodedError: RoomError {
    package var isNotFound: Bool { code == .notFound }
}

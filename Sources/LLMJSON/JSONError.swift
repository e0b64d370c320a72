/// Why a text is no JSON, or not the JSON that is asked for: where in the text, and what is wrong there. It names no
/// file; who read the text does.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    /// The place and the fault, in one line.
    package let message: String
    /// The message.
    package var description: String { message }
}

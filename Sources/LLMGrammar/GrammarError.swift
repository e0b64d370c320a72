package import LLMJSON

/// Why a grammar, regular expression or schema is refused, or could not be followed further.
package typealias GrammarError = CodedError<GrammarFailure>

/// The room whose failures GrammarErrors are.
package enum GrammarFailure: ErrorRoom {}

extension GrammarError.Code {
    /// The text is no such grammar; the message has the place.
    package static var malformed: Self { Self("malformed_grammar") }
    /// It is one, but what it asks for cannot be kept; the message has the place.
    package static var refused: Self { Self("unsupported_grammar") }
    /// It takes more states, items or steps than one may.
    package static var tooComplex: Self { Self("grammar_too_complex") }
    /// A token is not allowed where it is said to stand.
    package static var tokenRefused: Self { Self("token_refused") }
    /// No text matches.
    package static var unsatisfiable: Self { Self("unsatisfiable_grammar") }
}

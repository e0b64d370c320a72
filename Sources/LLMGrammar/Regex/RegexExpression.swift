/// A regular expression over bytes, as a tree. Characters are Unicode scalars and match their UTF-8 bytes.
///
/// It always matches whole texts; who searches writes what may stand before and after.
package indirect enum RegexExpression: Hashable, Sendable {
    /// Matches nothing.
    case never
    /// The empty text.
    case empty
    /// One byte of a set.
    case bytes(ByteSet)
    /// One scalar of a set.
    case characters(ScalarSet)
    case literal([UInt8])
    case sequence([RegexExpression])
    /// Any one of some, none of none. Many literals become a tree of their common prefixes, so thousands are fine.
    case either([RegexExpression])
    /// Each of some at once; of none, any bytes.
    case both([RegexExpression])
    /// Any bytes, well-formed or not, that the inner one does not match. Of texts: `.both([.anyText, .not(x)])`.
    case not(RegexExpression)
    /// `min` to `max` times, without bound where `max` is nil.
    case repeated(RegexExpression, min: Int, max: Int?)
    /// Numbers that are multiples of one.
    case remainder(DecimalRemainder)
    /// What may stand between the quotes of a JSON string whose value the inner one matches.
    case jsonQuoted(RegexExpression, JSONSpelling)
}

/// How a JSON string may spell its characters.
package enum JSONSpelling: Hashable, Sendable {
    /// Any way that RFC 8259 knows: as they are, with `\n` and the like, with `\uXXXX`. No lone surrogates.
    case any
    /// One way for each character: as it is where that may be, else `\" \\ \b \f \n \r \t`, else `\u00xx` in lower case.
    /// So equal texts are equal values.
    case canonical
}

extension RegexExpression {
    /// Any well-formed UTF-8.
    package static let anyText = repeated(.characters(.all), min: 0, max: nil)

    /// The bytes of `text`.
    package static func text(_ text: String) -> RegexExpression { .literal(Array(text.utf8)) }

    package static func optional(_ inner: RegexExpression) -> RegexExpression { .repeated(inner, min: 0, max: 1) }
}

/// What is asked of sets of texts.
final class LanguageOracle {
    func matches(_ expression: RegexExpression, _ text: [UInt8]) throws(SchemaError) -> Bool { false }
    func isEmpty(_ expression: RegexExpression) -> Bool { expression == .never }
}

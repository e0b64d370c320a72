/// What is wrong inside a vocabulary file or with a text, found by code that does not know the file's name.
package struct Damage: Error {
    /// What is wrong, as the middle of a sentence.
    package let reason: String
    /// What kind of failure that is.
    package let code: TokenizerError.Code
    /// What to do, as the end of a sentence.
    package let remedy: String

    init(_ reason: String, code: TokenizerError.Code = .malformedModel, remedy: String = "download it again") {
        self.reason = reason
        self.code = code
        self.remedy = remedy
    }
}

/// What is wrong inside a file, found by code that does not know the file's name.
struct Damage: Error {
    /// What is wrong, as the middle of a sentence.
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

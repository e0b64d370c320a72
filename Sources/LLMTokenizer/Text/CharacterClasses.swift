/// Classes of characters as the crates know them that `tokenizers` is built from, each with a Unicode of its own.
enum CharacterClasses {
    /// `is_combining_mark`: M, as of Unicode 9.
    static let mark = union([.nonspacingMark, .spacingMark, .enclosingMark], (9, 0))
    /// `is_mark_nonspacing`: Mn.
    static let nonspacingMark = union([.nonspacingMark], (8, 0))
    /// `is_other`: C.
    static let other = union([.control, .format, .privateUse], (8, 0))
    /// `is_punctuation` or ASCII punctuation: P, and the symbols of ASCII.
    static let punctuation = union(
        [
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation,
        ], (8, 0)
    ).union(ScalarSet([0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]))
    /// `is_numeric`: N.
    static let number = UnicodeSets.named("N") ?? ScalarSet()
    /// `\w` of the crate `regex`: Alphabetic, M, Nd, Pc, Join_Control.
    static let word = UnicodeSets.word.union(ScalarSet([0x200C...0x200D]))

    private static func union(
        _ categories: [Unicode.GeneralCategory], _ version: (major: Int, minor: Int)
    ) -> ScalarSet {
        let set = ScalarSet(categories.flatMap { UnicodeSets.category($0).ranges })
        return set.subtracting(
            ScalarSet(
                UnicodeSets.assignable.filter { UnicodeSets.isNewer($0, than: version) }.map { $0.value...$0.value }))
    }
}

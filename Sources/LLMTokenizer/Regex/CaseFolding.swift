/// Which scalars count as one where a pattern ignores case: those with the same simple case folding.
enum CaseFolding {
    /// `set` and every scalar that differs from one of its own in case only.
    static func closure(_ set: ScalarSet) -> ScalarSet {
        var classes = Set<UInt32>()
        for value in cased where Unicode.Scalar(value).map(set.contains) ?? false { classes.insert(folded(value)) }
        guard !classes.isEmpty else { return set }
        return set.union(ScalarSet(cased.filter { classes.contains(folded($0)) }.map { $0...$0 }))
    }

    /// The scalars that have another case; found once.
    private static let cased: [UInt32] = (0..<UInt32(0x1F000)).filter {
        Unicode.Scalar($0)?.properties.changesWhenCaseMapped ?? false
    }

    private static func folded(_ value: UInt32) -> UInt32 {
        guard let scalar = Unicode.Scalar(value) else { return value }
        let upper = single(scalar.properties.uppercaseMapping) ?? scalar
        return (single(upper.properties.lowercaseMapping) ?? upper).value
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
    }
}

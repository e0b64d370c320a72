extension TokenTable {
    /// The same ids, their spellings in visible characters read as the bytes they mean; without those that are none.
    func plain() throws(Damage) -> TokenTable {
        var table = TokenTable(capacity: spellings)
        var bytes: [UInt8] = []
        for id in 0..<count {
            guard let spelling = spelling(id) else { continue }
            bytes.removeAll(keepingCapacity: true)
            if ByteLevelAlphabet.append(spelling, to: &bytes) {
                try table.insert(bytes[...], id: id, replaces: true)
            }
        }
        return table
    }
}

extension GrammarTables {
    /// How many pairs of a slice's place and a lexer state one question may look at.
    private static let containmentLimit = 600

    /// The first slice that a place does not allow wholly; those before it it does.
    mutating func firstOpenSlice(_ place: Place) throws(GrammarError) -> Int {
        // The slices are nested, so the last that is allowed decides.
        for slice in TextSlice.all.indices.reversed() {
            let bits = lexer.sliceBits[Int(place.state)]
            var isContained = bits >> UInt8(slice) & 1 != 0
            if bits >> UInt8(4 + slice) & 1 == 0 {
                isContained = try contains(TextSlice.all[slice], place)
                lexer.sliceBits[Int(place.state)] |= 16 << UInt8(slice) | (isContained ? 1 << UInt8(slice) : 0)
            }
            if isContained { return slice + 1 }
        }
        return 0
    }

    /// Whether every text of a slice leads from a state on, within the lexemes that it is in.
    private mutating func contains(_ slice: TextSlice, _ place: Place) throws(GrammarError) -> Bool {
        var seen: Set<UInt64> = []
        var work: [(place: Int, left: Int, state: Int32)] = [(0, slice.characterLimit ?? -1, place.state)]
        while let next = work.popLast() {
            for step in TextSlice.steps[next.place] {
                if next.place == 0 && next.left == 0 { continue }
                let left = next.place == 0 && next.left > 0 ? next.left - 1 : next.left
                var rest = step.set
                for index in lexer.piecesOf(next.state) {
                    let piece = lexer.piece(index)
                    let common = rest.intersection(piece.set)
                    if common.isEmpty { continue }
                    var state = piece.entry
                    if state < 0 {
                        let record = lexer.record(state)
                        guard record.after == 0, record.before == 0 else { return false }
                        state = try lexer.state(ofSet: record.next)
                    }
                    guard state > 0 else { return false }
                    rest = rest.subtracting(common)
                    let key = UInt64(step.next) << 56 | UInt64(left + 1) << 40 | UInt64(UInt32(bitPattern: state))
                    if seen.insert(key).inserted { work.append((step.next, left, state)) }
                }
                guard rest.isEmpty, seen.count <= Self.containmentLimit else { return false }
            }
        }
        return true
    }
}

extension RegexTranslator {
    /// The set that an escape means, in a bracket or outside; the backslash has been read.
    mutating func escapedSet() throws(Damage) -> ScalarSet {
        let scalar = try reader.take()
        switch scalar {
        case "d": return UnicodeSets.digit
        case "D": return UnicodeSets.digit.inverted
        case "s": return UnicodeSets.space
        case "S": return UnicodeSets.space.inverted
        case "w": return UnicodeSets.word
        case "W": return UnicodeSets.word.inverted
        case "h": return UnicodeSets.hexDigit
        case "H": return UnicodeSets.hexDigit.inverted
        case "p", "P": return try property(isInverted: scalar == "P")
        case "t": return ScalarSet("\t")
        case "n": return ScalarSet("\n")
        case "v": return ScalarSet("\u{B}")
        case "f": return ScalarSet("\u{C}")
        case "r": return ScalarSet("\r")
        case "a": return ScalarSet("\u{7}")
        case "e": return ScalarSet("\u{1B}")
        case "0": return ScalarSet("\0")
        case "u": return ScalarSet(try reader.hexScalar(4))
        case "x":
            if reader.skip("{") {
                let scalar = try reader.hexScalar(nil)
                guard reader.skip("}") else { throw reader.damage("an escape \\x{ without its '}'") }
                return ScalarSet(scalar)
            }
            let scalar = try reader.hexScalar(2)
            guard scalar.isASCII else { throw reader.damage("a byte of a character, which is not supported") }
            return ScalarSet(scalar)
        default:
            guard !("a"..."z" ~= scalar || "A"..."Z" ~= scalar || "0"..."9" ~= scalar) else {
                throw reader.damage("the escape \\\(scalar), which is not supported")
            }
            return ScalarSet(scalar)
        }
    }

    private mutating func property(isInverted: Bool) throws(Damage) -> ScalarSet {
        var name = ""
        if reader.skip("{") {
            while true {
                let scalar = try reader.take()
                if scalar == "}" { break }
                name.unicodeScalars.append(scalar)
            }
        } else {
            name.unicodeScalars.append(try reader.take())
        }
        let isCaret = name.first == "^"
        if isCaret { name.removeFirst() }
        guard name.utf8.count <= 64, let set = UnicodeSets.named(name) else {
            throw reader.damage("the property \\p{\(name.prefix(64))}, which is not known")
        }
        return isInverted != isCaret ? set.inverted : set
    }

    /// A bracket expression; the `[` has been read.
    mutating func bracket(_ options: Options, depth: Int) throws(Damage) -> ScalarSet {
        guard depth < 16 else { throw reader.damage("brackets nest deeper than 16") }
        let isInverted = reader.skip("^")
        var members: [ClosedRange<UInt32>] = []
        var intersection: ScalarSet?
        var isFirst = true
        func total(_ sets: [ClosedRange<UInt32>], _ other: ScalarSet?) -> ScalarSet {
            let set = folded(ScalarSet(sets), options)
            return other.map { $0.intersection(set) } ?? set
        }
        while true {
            if !isFirst, reader.skip("]") { break }
            isFirst = false
            if reader.skip("&&") {
                intersection = total(members, intersection)
                members = []
                continue
            }
            if reader.skip("[:") {
                members += try posixBracket().ranges
                continue
            }
            if reader.skip("[") {
                members += try bracket(options, depth: depth + 1).ranges
                continue
            }
            let item = try bracketItem()
            guard let low = item.single, reader.isRange else {
                members += item.set.ranges
                continue
            }
            reader.skip()
            guard let high = try bracketItem().single, high >= low else {
                throw reader.damage("a range that is empty or has no end")
            }
            members.append(low...high)
        }
        let set = total(members, intersection)
        return isInverted ? set.inverted : set
    }

    /// One character or escape of a bracket expression.
    private mutating func bracketItem() throws(Damage) -> (set: ScalarSet, single: UInt32?) {
        let scalar = try reader.take()
        if scalar != "\\" { return (ScalarSet(scalar), scalar.value) }
        if reader.skip("b") { return (ScalarSet("\u{8}"), 8) }
        let set = try escapedSet()
        guard set.ranges.count == 1, set.ranges[0].count == 1 else { return (set, nil) }
        return (set, set.ranges[0].lowerBound)
    }

    private mutating func posixBracket() throws(Damage) -> ScalarSet {
        let isInverted = reader.skip("^")
        var name = ""
        while !reader.skip(":]") {
            guard name.utf8.count < 16 else { throw reader.damage("a '[:' without its ':]'") }
            name.unicodeScalars.append(try reader.take())
        }
        guard let set = UnicodeSets.bracket(name) else {
            throw reader.damage("the class [:\(name):], which is not known")
        }
        return isInverted ? set.inverted : set
    }
}

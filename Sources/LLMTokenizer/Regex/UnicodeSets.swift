/// Sets of scalars by the names that Oniguruma's patterns use, as of Unicode 16.
///
/// They come from the tables of Swift's standard library, which may be newer: what a later version of Unicode assigned
/// counts as unassigned, as it does in the Oniguruma of `tokenizers`.
enum UnicodeSets {
    /// `\s` and `[[:space:]]`: White_Space.
    static let space = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
        0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
    ])
    /// `\d`: Nd.
    static let digit = categories[.decimalNumber] ?? ScalarSet()
    /// `\w` in brackets: Alphabetic, M, Nd, Pc.
    static let word = property { $0.isAlphabetic }.union(mark).union(digit).union(category(.connectorPunctuation))
    /// `\w` by itself, and what `\b` looks at: Oniguruma's table of Latin-1 has six numbers more.
    static let wordCharacter = word.union(ScalarSet([0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]))
    /// `\h`: a hexadecimal digit.
    static let hexDigit = ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])
    static let newline = ScalarSet("\n")

    /// The set that `\p{name}` means; case, spaces, hyphens and underscores do not matter.
    static func named(_ name: String) -> ScalarSet? {
        let key = name.lowercased().filter { !" -_".contains($0) }
        if let set = union(of: key) ?? posix(key) { return set }
        switch key {
        case "any": return .all
        case "assigned": return category(.unassigned).inverted
        case "ascii": return ScalarSet([0...0x7F])
        case "alphabetic": return property { $0.isAlphabetic }
        case "uppercase": return property { $0.isUppercase }
        case "lowercase": return property { $0.isLowercase }
        case "whitespace": return space
        case "emoji": return property { $0.isEmoji }
        case "emojipresentation": return property { $0.isEmojiPresentation }
        case "emojimodifier": return property { $0.isEmojiModifier }
        case "emojimodifierbase": return property { $0.isEmojiModifierBase }
        case "ideographic": return property { $0.isIdeographic }
        case "idstart": return property { $0.isIDStart }
        case "idcontinue": return property { $0.isIDContinue }
        case "xidstart": return property { $0.isXIDStart }
        case "xidcontinue": return property { $0.isXIDContinue }
        case "math": return property { $0.isMath }
        case "dash": return property { $0.isDash }
        case "diacritic": return property { $0.isDiacritic }
        default: return UnicodeScripts.named(key)
        }
    }

    /// The set of a POSIX bracket such as `[:alpha:]`.
    static func bracket(_ name: String) -> ScalarSet? {
        name == "punct" ? union(of: "p")?.union(union(of: "s") ?? ScalarSet()) : posix(name)
    }

    private static func posix(_ name: String) -> ScalarSet? {
        let controls = category(.control)
        switch name {
        case "alpha": return property { $0.isAlphabetic }
        case "digit": return digit
        case "alnum": return property { $0.isAlphabetic }.union(digit)
        case "upper": return property { $0.isUppercase }
        case "lower": return property { $0.isLowercase }
        case "space": return space
        case "blank": return category(.spaceSeparator).union(ScalarSet("\t"))
        case "cntrl": return controls
        case "punct": return union(of: "p")
        case "xdigit": return hexDigit
        case "word": return word
        case "graph", "print":
            let hidden = controls.union(category(.unassigned)).union(category(.surrogate)).union(space)
            return name == "graph" ? hidden.inverted : hidden.inverted.union(category(.spaceSeparator))
        default: return nil
        }
    }

    // MARK: Categories

    static func category(_ category: Unicode.GeneralCategory) -> ScalarSet { categories[category] ?? ScalarSet() }

    private static let mark = category(.nonspacingMark).union(category(.spacingMark)).union(category(.enclosingMark))

    /// By general category; found once.
    private static let categories: [Unicode.GeneralCategory: ScalarSet] = {
        var ranges: [Unicode.GeneralCategory: [ClosedRange<UInt32>]] = [
            .surrogate: [0xD800...0xDFFF],
            .unassigned: [0x40000...0xDFFFF, 0xE1000...0xEFFFF, 0xFFFFE...0xFFFFF, 0x10FFFE...0x10FFFF],
            .privateUse: [0xF0000...0xFFFFD, 0x100000...0x10FFFD],
        ]
        for scalar in assignable {
            let category = category(of: scalar)
            if let last = ranges[category]?.last, last.upperBound + 1 == scalar.value {
                ranges[category]![ranges[category]!.count - 1] = last.lowerBound...scalar.value
            } else {
                ranges[category, default: []].append(scalar.value...scalar.value)
            }
        }
        return ranges.mapValues { ScalarSet($0) }
    }()

    private static func category(of scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
        if isNewer(scalar, than: (16, 0)) { return .unassigned }
        // Unicode 17 made it an "other" letter.
        return scalar == "\u{295}" ? .lowercaseLetter : scalar.properties.generalCategory
    }

    /// Whether `scalar` was assigned after a version of Unicode.
    static func isNewer(_ scalar: Unicode.Scalar, than version: (major: Int, minor: Int)) -> Bool {
        scalar.properties.age.map { ($0.major, $0.minor) > version } ?? false
    }

    /// The scalars that Unicode assigns one by one: the other planes are unassigned, or for private use as a whole.
    static let assignable: [Unicode.Scalar] =
        [0...0x3FFFF, 0xE0000...0xE0FFF].joined().compactMap { Unicode.Scalar(UInt32($0)) }

    /// The scalars with a property that no unassigned one has, nor one for private use.
    static func property(_ isMember: (Unicode.Scalar.Properties) -> Bool) -> ScalarSet {
        ScalarSet(
            assignable.filter { isMember($0.properties) && !isNewer($0, than: (16, 0)) }.map { $0.value...$0.value })
    }

    private static func union(of key: String) -> ScalarSet? {
        let short = longNames[key] ?? key
        let matching = categoryNames.filter { $0.key == short || (short.count == 1 && $0.key.hasPrefix(short)) }
        if short == "lc" { return ScalarSet(["lu", "ll", "lt"].flatMap { category(categoryNames[$0]!).ranges }) }
        return matching.isEmpty ? nil : ScalarSet(matching.values.flatMap { category($0).ranges })
    }

    private static let categoryNames: [String: Unicode.GeneralCategory] = [
        "lu": .uppercaseLetter, "ll": .lowercaseLetter, "lt": .titlecaseLetter, "lm": .modifierLetter,
        "lo": .otherLetter, "mn": .nonspacingMark, "mc": .spacingMark, "me": .enclosingMark, "nd": .decimalNumber,
        "nl": .letterNumber, "no": .otherNumber, "pc": .connectorPunctuation, "pd": .dashPunctuation,
        "ps": .openPunctuation, "pe": .closePunctuation, "pi": .initialPunctuation, "pf": .finalPunctuation,
        "po": .otherPunctuation, "sm": .mathSymbol, "sc": .currencySymbol, "sk": .modifierSymbol, "so": .otherSymbol,
        "zs": .spaceSeparator, "zl": .lineSeparator, "zp": .paragraphSeparator, "cc": .control, "cf": .format,
        "cs": .surrogate, "co": .privateUse, "cn": .unassigned,
    ]

    private static let longNames: [String: String] = [
        "letter": "l", "casedletter": "lc", "uppercaseletter": "lu", "lowercaseletter": "ll",
        "titlecaseletter": "lt", "modifierletter": "lm", "otherletter": "lo", "mark": "m", "combiningmark": "m",
        "nonspacingmark": "mn", "spacingmark": "mc", "enclosingmark": "me", "number": "n", "decimalnumber": "nd",
        "letternumber": "nl", "othernumber": "no", "punctuation": "p", "connectorpunctuation": "pc",
        "dashpunctuation": "pd", "openpunctuation": "ps", "closepunctuation": "pe", "initialpunctuation": "pi",
        "finalpunctuation": "pf", "otherpunctuation": "po", "symbol": "s", "mathsymbol": "sm",
        "currencysymbol": "sc", "modifiersymbol": "sk", "othersymbol": "so", "separator": "z",
        "spaceseparator": "zs", "lineseparator": "zl", "paragraphseparator": "zp", "other": "c", "control": "cc",
        "format": "cf", "surrogate": "cs", "privateuse": "co", "unassigned": "cn",
    ]
}

/// Sets of scalars by script.
enum UnicodeScripts {
    /// The scalars of the script called `key`, in small letters without separators, such as `han`; nil for no script.
    static func named(_ key: String) -> ScalarSet? {
        guard key.allSatisfy({ $0.isASCII && $0.isLetter }), key.count > 1,
            let pattern = try? Regex("\\p{Script=\(key)}+").matchingSemantics(.unicodeScalar)
        else { return nil }
        return ScalarSet(
            assigned.matches(of: pattern).compactMap { match in
                let scalars = assigned[match.range].unicodeScalars
                return scalars.first.flatMap { first in scalars.last.map { first.value...$0.value } }
            })
    }

    /// Every scalar that may have a script, in order.
    private static let assigned: String = {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: UnicodeSets.assignable)
        return String(scalars)
    }()
}

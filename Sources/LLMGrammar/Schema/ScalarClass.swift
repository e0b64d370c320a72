internal import Synchronization

/// The classes of characters that ECMA-262's regular expressions name.
enum ScalarClass {
    static let digits = ScalarSet("0"..."9" as ClosedRange<Unicode.Scalar>)
    static let wordCharacters = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let lineTerminators = ScalarSet([0xA...0xA, 0xD...0xD, 0x2028...0x2029])
    /// White space and line terminators.
    static let whiteSpace = ScalarSet([
        0x9...0xD, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])

    /// The scalars of `\p{name}`: a general category or one of the binary properties; nil for any other.
    static func property(_ name: String) -> ScalarSet? {
        let parts = name.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        var value = name
        if parts.count == 2 {
            guard ["gc", "General_Category"].contains(parts[0]) else { return nil }
            value = parts[1]
        }
        switch value {
        case "Any": return .all
        case "ASCII": return ScalarSet([0...0x7F])
        default: break
        }
        guard let key = categoryNames[value] ?? (parts.count == 1 && binary[value] != nil ? value : nil) else {
            return nil
        }
        return known.withLock { known in
            if let set = known[key] { return set }
            let set = binary[key].map { property in scalars(where: { property($0.properties) }) } ?? category(key)
            known[key] = set
            return set
        }
    }

    /// The sets that were asked for.
    private static let known = Mutex<[String: ScalarSet]>([:])

    private static func scalars(where isIn: (Unicode.Scalar) -> Bool) -> ScalarSet {
        var ranges: [ClosedRange<UInt32>] = []
        var start: UInt32?
        for value in 0...UInt32(0x110000) {
            let isIn = Unicode.Scalar(value).map(isIn) ?? false
            if isIn, start == nil { start = value }
            if !isIn, let first = start {
                ranges.append(first...value - 1)
                start = nil
            }
        }
        return ScalarSet(ranges)
    }

    private static func category(_ key: String) -> ScalarSet {
        scalars { scalar in
            let name = short(scalar.properties.generalCategory)
            return name == key || key.count == 1 && name.hasPrefix(key)
                || key == "LC" && ["Lu", "Ll", "Lt"].contains(name)
        }
    }

    private static let binary: [String: @Sendable (Unicode.Scalar.Properties) -> Bool] = [
        "Alphabetic": { $0.isAlphabetic }, "Alpha": { $0.isAlphabetic },
        "Lowercase": { $0.isLowercase }, "Lower": { $0.isLowercase },
        "Uppercase": { $0.isUppercase }, "Upper": { $0.isUppercase },
        "White_Space": { $0.isWhitespace }, "space": { $0.isWhitespace },
        "ID_Start": { $0.isIDStart }, "IDS": { $0.isIDStart },
        "ID_Continue": { $0.isIDContinue }, "IDC": { $0.isIDContinue },
        "XID_Start": { $0.isXIDStart }, "XID_Continue": { $0.isXIDContinue },
        "Emoji": { $0.isEmoji }, "Emoji_Presentation": { $0.isEmojiPresentation }, "Math": { $0.isMath },
        "Dash": { $0.isDash }, "Hex_Digit": { $0.isHexDigit }, "ASCII_Hex_Digit": { $0.isASCIIHexDigit },
        "Ideographic": { $0.isIdeographic }, "Diacritic": { $0.isDiacritic },
    ]

    private static let categoryNames: [String: String] = {
        var names: [String: String] = [:]
        for (short, long) in [
            ("L", "Letter"), ("LC", "Cased_Letter"), ("Lu", "Uppercase_Letter"), ("Ll", "Lowercase_Letter"),
            ("Lt", "Titlecase_Letter"), ("Lm", "Modifier_Letter"), ("Lo", "Other_Letter"), ("M", "Mark"),
            ("Mn", "Nonspacing_Mark"), ("Mc", "Spacing_Mark"), ("Me", "Enclosing_Mark"), ("N", "Number"),
            ("Nd", "Decimal_Number"), ("Nl", "Letter_Number"), ("No", "Other_Number"), ("P", "Punctuation"),
            ("Pc", "Connector_Punctuation"), ("Pd", "Dash_Punctuation"), ("Ps", "Open_Punctuation"),
            ("Pe", "Close_Punctuation"), ("Pi", "Initial_Punctuation"), ("Pf", "Final_Punctuation"),
            ("Po", "Other_Punctuation"), ("S", "Symbol"), ("Sm", "Math_Symbol"), ("Sc", "Currency_Symbol"),
            ("Sk", "Modifier_Symbol"), ("So", "Other_Symbol"), ("Z", "Separator"), ("Zs", "Space_Separator"),
            ("Zl", "Line_Separator"), ("Zp", "Paragraph_Separator"), ("C", "Other"), ("Cc", "Control"),
            ("Cf", "Format"), ("Co", "Private_Use"), ("Cn", "Unassigned"),
        ] {
            names[short] = short
            names[long] = short
        }
        for (alias, short) in ["digit": "Nd", "punct": "P", "cntrl": "Cc", "Combining_Mark": "M"] {
            names[alias] = short
        }
        return names
    }()

    private static func short(_ category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .privateUse: "Co"
        case .surrogate: "Cs"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}

/// Characters as Python sees them: a string is a row of Unicode scalars.
extension Unicode.Scalar {
    /// `str.isspace` of one character, and `\s` in a pattern.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    /// Whether `str.splitlines` cuts here.
    var isPythonLineBreak: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// `\w` in a pattern: `str.isalnum` of one character, or an underscore.
    var isPythonWord: Bool { self == "_" || isPythonAlphanumeric }

    /// `str.isalnum` of one character.
    var isPythonAlphanumeric: Bool {
        if isASCII { return isASCIILetter || isASCIIDigit }
        return isPythonLetter || properties.numericType != nil
    }

    /// `str.isalpha` of one character: the general category is a letter's.
    var isPythonLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// `str.isprintable` of one character.
    var isPythonPrintable: Bool {
        if isASCII { return 0x20...0x7E ~= value }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }

    /// Whether the character has case.
    var isCased: Bool {
        properties.isUppercase || properties.isLowercase || properties.generalCategory == .titlecaseLetter
    }

    var isASCIIDigit: Bool { 0x30...0x39 ~= value }
    var isASCIILetter: Bool { 0x41...0x5A ~= value || 0x61...0x7A ~= value }

    /// The value of a hexadecimal digit.
    var hexadecimalDigit: UInt32? {
        switch value {
        case 0x30...0x39: value - 0x30
        case 0x41...0x46: value - 0x41 + 10
        case 0x61...0x66: value - 0x61 + 10
        default: nil
        }
    }

    /// `\xe9`, `\u20ac` or `\U0001f600`.
    var pythonEscape: String {
        let digits = String(value, radix: 16)
        let (letter, width) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\\(letter)" + String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}

extension String {
    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }

    /// The text for a message: what cannot be seen is escaped.
    var quotedScalars: String {
        unicodeScalars.map { $0.isPythonPrintable ? String($0) : $0.pythonEscape }.joined()
    }
}

extension ArraySlice<Unicode.Scalar> {
    /// The slice without the last elements that fulfil `predicate`.
    func trimmingSuffix(_ predicate: (Unicode.Scalar) -> Bool) -> Self {
        var end = endIndex
        while end > startIndex, predicate(self[end - 1]) { end -= 1 }
        return self[..<end]
    }
}

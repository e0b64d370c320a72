/// The methods of `str`.
enum TextMethods {
    struct Call {
        let name: String
        let text: String
        let receiver: Value
        let arguments: Arguments
        let interpreter: Interpreter

        /// The arguments, which may be given by place alone.
        func positional(_ parameters: String..., required: Int = 0) throws -> Bound {
            guard arguments.keyword.isEmpty else { throw JinjaError("\(name) takes no arguments with names") }
            return try arguments.bind(name, parameters: parameters, required: required)
        }

        /// A text of the receiver's kind.
        func result(_ text: String) throws -> Value { try interpreter.string(text, like: receiver) }

        func results(_ texts: [String]) throws -> Value {
            try interpreter.budget.allocate(textBytes: text.utf8.count)
            return try interpreter.list(texts.map { receiver.isMarkup ? .markup($0) : .string($0) })
        }

        /// An argument as it goes into the receiver: escaped if that is markup and it is not.
        func inserted(_ value: Value?) throws -> String? {
            guard let value else { return nil }
            guard let text = value.text else { throw JinjaError("\(name) takes a string, not a \(value.typeName)") }
            return receiver.isMarkup && !value.isMarkup ? text.escapedMarkup : text
        }
    }

    typealias Method = @Sendable (Call) throws -> Value

    static let table: [String: Method] = [
        "capitalize": mapping(PythonText.capitalized), "title": mapping(PythonText.titled),
        "upper": mapping(PythonText.uppercased), "lower": mapping(PythonText.lowercased),
        "swapcase": mapping(PythonText.swappingCase),
        "strip": strip(.both), "lstrip": strip(.left), "rstrip": strip(.right),
        "split": split(fromEnd: false), "rsplit": split(fromEnd: true),
        "partition": partition(fromEnd: false), "rpartition": partition(fromEnd: true),
        "splitlines": { call in
            let bound = try call.arguments.bind(call.name, "keepends")
            return try call.results(PythonText.lines(call.text, keepsEnds: bound.flag(0)))
        },
        "replace": { call in
            let bound = try call.positional("old", "new", "count", required: 2)
            guard let old = try call.inserted(bound[0]), let new = try call.inserted(bound[1]) else {
                return call.receiver
            }
            return try Filters.replaced(
                call.text, old, new, bound.wholeNumber(2) ?? -1, call.receiver, call.interpreter)
        },
        "join": { call in
            let bound = try call.positional("iterable", required: 1)
            let parts = try call.interpreter.elements(of: bound[0] ?? .null).map { try call.inserted($0) ?? "" }
            return try Filters.joined(parts, call.text, like: call.receiver, call.interpreter)
        },
        "startswith": affix(isPrefix: true), "endswith": affix(isPrefix: false),
        "removeprefix": removal(isPrefix: true), "removesuffix": removal(isPrefix: false),
        "find": find(fromEnd: false, fails: false), "rfind": find(fromEnd: true, fails: false),
        "index": find(fromEnd: false, fails: true), "rindex": find(fromEnd: true, fails: true),
        "count": count,
        "center": padding(.both), "ljust": padding(.right), "rjust": padding(.left), "zfill": zeroFilled,
        "expandtabs": expandTabs,
        "format": { call in
            try call.result(BraceFormat.text(call.text, call.arguments, like: call.receiver, call.interpreter))
        },
        "isdigit": all {
            $0.properties.numericType == .decimal || $0.properties.numericType == .digit
        },
        "isdecimal": all { $0.properties.generalCategory == .decimalNumber },
        "isnumeric": all { $0.properties.numericType != nil },
        "isalpha": all(\.isPythonLetter), "isalnum": all(\.isPythonAlphanumeric), "isspace": all(\.isPythonSpace),
        "isupper": question { PythonText.isAllCased($0, \.isUppercase) },
        "islower": question { PythonText.isAllCased($0, \.isLowercase) },
        "istitle": question(PythonText.isTitled),
        "isascii": question { $0.utf8.allSatisfy { $0 < 0x80 } },
        "isprintable": question { $0.unicodeScalars.allSatisfy(\.isPythonPrintable) },
        "isidentifier": question {
            guard let first = $0.unicodeScalars.first else { return false }
            return (first == "_" || first.properties.isXIDStart)
                && $0.unicodeScalars.dropFirst().allSatisfy(\.properties.isXIDContinue)
        },
    ]

    // MARK: Makers of methods

    private static func mapping(_ transform: @escaping @Sendable (String) -> String) -> Method {
        { call in
            _ = try call.positional()
            return try call.result(transform(call.text))
        }
    }

    private static func question(_ answer: @escaping @Sendable (String) -> Bool) -> Method {
        { call in
            _ = try call.positional()
            return .flag(answer(call.text))
        }
    }

    /// Whether there is a character, and each fulfils `predicate`.
    private static func all(_ predicate: @escaping @Sendable (Unicode.Scalar) -> Bool) -> Method {
        question { !$0.isEmpty && $0.unicodeScalars.allSatisfy(predicate) }
    }

    private static func strip(_ side: PythonText.Side) -> Method {
        { call in
            let bound = try call.positional("chars")
            return try call.result(PythonText.stripped(call.text, bound.text(0), side))
        }
    }

    private static func split(fromEnd: Bool) -> Method {
        { call in
            let bound = try call.arguments.bind(call.name, "sep", "maxsplit")
            let limit = try bound.wholeNumber(1) ?? -1
            guard let separator = try bound.text(0) else {
                return try call.results(PythonText.words(call.text, limit: limit, fromEnd: fromEnd))
            }
            guard !separator.isEmpty else { throw JinjaError("\(call.name) needs a separator that is not empty") }
            return try call.results(PythonText.split(call.text, separator, limit: limit, fromEnd: fromEnd))
        }
    }

    private static func partition(fromEnd: Bool) -> Method {
        { call in
            let bound = try call.positional("sep", required: 1)
            guard let separator = try bound.text(0), !separator.isEmpty else {
                throw JinjaError("\(call.name) needs a separator that is not empty")
            }
            let parts = PythonText.split(call.text, separator, limit: 1, fromEnd: fromEnd)
            let three =
                parts.count == 2
                ? [parts[0], separator, parts[1]] : fromEnd ? ["", "", parts[0]] : [parts[0], "", ""]
            return try call.interpreter.tuple(three.map { try call.result($0) })
        }
    }

    private static func affix(isPrefix: Bool) -> Method {
        { call in
            let bound = try call.positional("affix", "start", "end", required: 1)
            guard let text = try part(of: call.text, bound)?.text.utf8 else { return .flag(false) }
            let candidates: [Value]
            if case .tuple(let row)? = bound[0] { candidates = row.elements } else { candidates = [bound[0] ?? .null] }
            for candidate in candidates {
                guard let affix = candidate.text else {
                    throw JinjaError("\(call.name) takes a string or a tuple of strings, not a \(candidate.typeName)")
                }
                try call.interpreter.budget.spend(1 + affix.utf8.count / Extent.bytesPerCount)
                if isPrefix ? text.starts(with: affix.utf8) : text.reversed().starts(with: affix.utf8.reversed()) {
                    return .flag(true)
                }
            }
            return .flag(false)
        }
    }

    private static func removal(isPrefix: Bool) -> Method {
        { call in
            let bound = try call.positional("affix", required: 1)
            guard let affix = try bound.text(0) else { throw JinjaError("\(call.name) takes a string") }
            let text = call.text.utf8
            let isThere = isPrefix ? text.starts(with: affix.utf8) : text.reversed().starts(with: affix.utf8.reversed())
            guard isThere else { return call.receiver }
            let rest = isPrefix ? text.dropFirst(affix.utf8.count) : text.dropLast(affix.utf8.count)
            return try call.result(String(Substring(rest)))
        }
    }

    /// The part of a text that the arguments `start` and `end` leave, and where it begins; nil where they leave none.
    private static func part(of text: String, _ bound: Bound) throws -> (text: String, start: Int)? {
        guard bound.given(1) != nil || bound.given(2) != nil else { return (text, 0) }
        let length = PythonText.length(text)
        let indices = try SliceIndices(
            start: bound.wholeNumber(1), stop: bound.wholeNumber(2), step: nil, count: length)
        if let start = try bound.wholeNumber(1), start > length { return nil }
        return (PythonText.slice(text, indices.first..<indices.first + indices.count), indices.first)
    }

    private static func find(fromEnd: Bool, fails: Bool) -> Method {
        { call in
            let bound = try call.positional("sub", "start", "end", required: 1)
            guard let needle = try bound.text(0) else { throw JinjaError("\(call.name) takes a string") }
            if let part = try part(of: call.text, bound), let offset = offset(of: needle, in: part.text, fromEnd) {
                return .integer(part.start + offset)
            }
            if fails { throw JinjaError("\(call.name) finds no such text") }
            return .integer(-1)
        }
    }

    private static func offset(of needle: String, in text: String, _ fromEnd: Bool) -> Int? {
        if needle.isEmpty { return fromEnd ? PythonText.length(text) : 0 }
        let bytes = Array(text.utf8)
        let needle = Array(needle.utf8)
        let offset =
            fromEnd
            ? PythonText.lastOffset(of: needle, in: bytes)
            : PythonText.offsets(of: needle, in: bytes, limit: 1).first
        // Continuation bytes begin no character.
        return offset.map { bytes[..<$0].count { $0 & 0xC0 != 0x80 } }
    }

    private static let count: Method = { call in
        let bound = try call.positional("sub", "start", "end", required: 1)
        guard let needle = try bound.text(0) else { throw JinjaError("\(call.name) takes a string") }
        guard let part = try part(of: call.text, bound) else { return .integer(0) }
        if needle.isEmpty { return .integer(PythonText.length(part.text) + 1) }
        return .integer(PythonText.offsets(of: Array(needle.utf8), in: Array(part.text.utf8)).count)
    }

    private static func padding(_ side: PythonText.Side) -> Method {
        { call in
            let bound = try call.positional("width", "fillchar", required: 1)
            let fill = try call.inserted(bound.given(1)) ?? " "
            guard PythonText.length(fill) == 1 else {
                throw JinjaError("\(call.name) needs one character to fill with")
            }
            let width = try bound.wholeNumber(0) ?? 0
            try call.interpreter.budget.allocate(textBytes: max(0, min(width, .max / 4)) * fill.utf8.count)
            return try call.result(PythonText.padded(call.text, to: width, with: fill, side))
        }
    }

    private static let zeroFilled: Method = { call in
        let bound = try call.positional("width", required: 1)
        let width = max(0, try bound.wholeNumber(0) ?? 0)
        try call.interpreter.budget.allocate(textBytes: width)
        let hasSign = [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(call.text.utf8.first)
        let sign = hasSign ? String(call.text.unicodeScalars.prefix(1)) : ""
        let digits = hasSign ? String(call.text.unicodeScalars.dropFirst()) : call.text
        return try call.result(sign + PythonText.padded(digits, to: width - sign.utf8.count, with: "0", .left))
    }

    private static let expandTabs: Method = { call in
        let bound = try call.arguments.bind(call.name, "tabsize")
        let size = try bound.wholeNumber(0) ?? 8
        try call.interpreter.budget.check(textBytes: max(0, size))
        var result = ""
        var column = 0
        for scalar in call.text.unicodeScalars {
            if scalar == "\t" {
                let spaces = size > 0 ? size - column % size : 0
                column += spaces
                result += String(repeating: " ", count: spaces)
                try call.interpreter.budget.check(textBytes: result.utf8.count)
            } else {
                result.unicodeScalars.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return try call.result(result)
    }
}

extension Filters {
    static let text: [String: Filter] = [
        "upper": mapping("upper", PythonText.uppercased), "lower": mapping("lower", PythonText.lowercased),
        "capitalize": mapping("capitalize", PythonText.capitalized), "title": mapping("title", titled),
        "trim": { interpreter, value, arguments in
            let bound = try arguments.bind("trim", "chars")
            let text = try interpreter.text(value)
            return try interpreter.string(PythonText.stripped(text, bound.text(0)), like: value)
        },
        "replace": { interpreter, value, arguments in
            let bound = try arguments.bind("replace", "old", "new", "count", required: 2)
            let old = try interpreter.text(bound[0] ?? .null)
            let new = try interpreter.text(bound[1] ?? .null)
            return try replaced(
                interpreter.text(value), old, new, bound.wholeNumber(2) ?? -1, .string(""), interpreter)
        },
        "center": { interpreter, value, arguments in
            let bound = try arguments.bind("center", "width")
            let width = try bound.wholeNumber(0) ?? 80
            try interpreter.budget.allocate(textBytes: max(0, width))
            let text = PythonText.padded(try interpreter.text(value), to: width, with: " ", .both)
            return try interpreter.string(text, like: value)
        },
        "indent": indented, "truncate": truncated, "wordwrap": wordWrapped,
        "wordcount": { interpreter, value, arguments in
            _ = try arguments.bind("wordcount")
            var count = 0
            var isInWord = false
            for scalar in try interpreter.text(value).unicodeScalars {
                if scalar.isPythonWord, !isInWord { count += 1 }
                isInWord = scalar.isPythonWord
            }
            return .integer(count)
        },
        "format": { interpreter, value, arguments in
            guard arguments.positional.isEmpty || arguments.keyword.isEmpty else {
                throw JinjaError("format takes arguments with names or without, not both")
            }
            let values =
                arguments.keyword.isEmpty
                ? try interpreter.tuple(arguments.positional)
                : try interpreter.dict(Dict.Members(arguments.keyword.map { (DictKey($0.name), $0.value) }) { $1 })
            let text = try PercentFormat.text(
                interpreter.text(value), values, isMarkup: value.isMarkup, interpreter)
            return try interpreter.string(text, like: value)
        },
        "escape": escaped, "e": escaped,
        "forceescape": { interpreter, value, arguments in
            _ = try arguments.bind("forceescape")
            return try interpreter.string(interpreter.text(value).escapedMarkup, like: .markup(""))
        },
        "safe": { interpreter, value, arguments in
            _ = try arguments.bind("safe")
            return try .markup(interpreter.text(value))
        },
        "striptags": { interpreter, value, arguments in
            _ = try arguments.bind("striptags")
            return try interpreter.string(MarkupText.withoutTags(interpreter.text(value)), like: .markup(""))
        },
        "urlencode": urlEncoded, "xmlattr": attributes,
    ]

    private static func mapping(_ name: String, _ transform: @escaping @Sendable (String) -> String) -> Filter {
        { interpreter, value, arguments in
            _ = try arguments.bind(name)
            return try interpreter.string(transform(interpreter.text(value)), like: value)
        }
    }

    /// Each word begins with a capital; unlike for the method, a word begins behind white space, a hyphen or a bracket.
    private static func titled(_ text: String) -> String {
        var result = ""
        var word = ""
        func isBreak(_ scalar: Unicode.Scalar) -> Bool {
            scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar)
        }
        func finish(_ word: String) {
            guard let first = word.unicodeScalars.first else { return }
            result += first.properties.uppercaseMapping + PythonText.lowercased(String(word.unicodeScalars.dropFirst()))
        }
        for scalar in text.unicodeScalars {
            guard isBreak(scalar) else {
                word.unicodeScalars.append(scalar)
                continue
            }
            finish(word)
            word = ""
            result.unicodeScalars.append(scalar)
        }
        finish(word)
        return result
    }

    static func replaced(
        _ text: String, _ old: String, _ new: String, _ limit: Int, _ kind: Value, _ interpreter: Interpreter
    ) throws -> Value {
        let found =
            old.isEmpty
            ? PythonText.length(text) + 1
            : PythonText.offsets(of: Array(old.utf8), in: Array(text.utf8), limit: limit < 0 ? .max : limit).count
        let (added, overflow) = new.utf8.count.multipliedReportingOverflow(by: found)
        try interpreter.budget.allocate(textBytes: overflow ? .max : min(text.utf8.count + added, .max / 2))
        return try interpreter.string(PythonText.replacing(text, old, with: new, limit: limit), like: kind)
    }

    static func joined(
        _ parts: [String], _ separator: String, like kind: Value, _ interpreter: Interpreter
    ) throws -> Value {
        var result = ""
        for (index, part) in parts.enumerated() {
            if index > 0 { result += separator }
            result += part
            try interpreter.budget.check(textBytes: result.utf8.count)
        }
        return try interpreter.string(result, like: kind)
    }

    // MARK: Lines

    private static let indented: Filter = { interpreter, value, arguments in
        let bound = try arguments.bind("indent", "width", "first", "blank")
        if case .undefined(let reason) = value { throw JinjaError(reason.message) }
        guard let text = value.text else { throw JinjaError("indent needs a string, not a \(value.typeName)") }
        let indentation: String
        if let width = bound.given(0)?.text {
            indentation = width
        } else {
            let width = try bound.wholeNumber(0) ?? 4
            try interpreter.budget.check(textBytes: max(0, width))
            indentation = String(repeating: " ", count: max(0, width))
        }
        let isBlankToo = try bound.flag(2)
        let lines = PythonText.lines(text + "\n")
        var result = try bound.flag(1) ? indentation : ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += "\n" }
            if index > 0, isBlankToo || !line.isEmpty { result += indentation }
            result += line
            try interpreter.budget.check(textBytes: result.utf8.count)
        }
        return try interpreter.string(result, like: value)
    }

    private static let truncated: Filter = { interpreter, value, arguments in
        let bound = try arguments.bind("truncate", "length", "killwords", "end", "leeway")
        let length = try bound.wholeNumber(0) ?? 255
        let end = try bound.text(2) ?? "..."
        let leeway = try bound.wholeNumber(3) ?? 5
        let endLength = PythonText.length(end)
        guard length >= endLength else { throw JinjaError("truncate to \(length) leaves no room for its end") }
        guard leeway >= 0 else { throw JinjaError("truncate's leeway is 0 or more") }
        let count = try interpreter.count(of: value)
        let (limit, overflow) = length.addingReportingOverflow(leeway)
        if overflow || count <= limit { return value }
        guard let text = value.text else { throw JinjaError("truncate needs a string, not a \(value.typeName)") }
        let kept = PythonText.slice(text, 0..<length - endLength)
        let result = try bound.flag(1) ? kept : PythonText.split(kept, " ", limit: 1, fromEnd: true)[0]
        return try interpreter.string(result + end, like: value)
    }

    private static let wordWrapped: Filter = { interpreter, value, arguments in
        let bound = try arguments.bind(
            "wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens")
        guard let text = value.text else { throw JinjaError("wordwrap needs a string, not a \(value.typeName)") }
        let width = try bound.wholeNumber(0) ?? 79
        guard width > 0 else { throw JinjaError("wordwrap needs a width of 1 or more, not \(width)") }
        let wrap = TextWrap(
            width: width, breaksLongWords: try bound[1].map { try $0.truth() } ?? true,
            breaksOnHyphens: try bound[3].map { try $0.truth() } ?? true)
        let separator = try bound.text(2) ?? "\n"
        let lines = PythonText.lines(text).map { wrap.lines($0) }
        try interpreter.budget.allocate(textBytes: text.utf8.count)
        return try joined(lines.map { $0.joined(separator: separator) }, separator, like: .string(""), interpreter)
    }

    // MARK: Markup and addresses

    private static let escaped: Filter = { interpreter, value, arguments in
        _ = try arguments.bind("escape")
        if value.isMarkup { return value }
        return try interpreter.string(interpreter.text(value).escapedMarkup, like: .markup(""))
    }

    private static let urlEncoded: Filter = { interpreter, value, arguments in
        _ = try arguments.bind("urlencode")
        let pairs: [Value]
        switch value {
        case .dict(let dict): pairs = try DictView(dict, .items).elements()
        case .list, .tuple, .iterator, .view, .undefined, .range: pairs = try interpreter.elements(of: value)
        default: return try interpreter.string(MarkupText.percentEncoded(interpreter.text(value), keepsSlashes: true))
        }
        let parts = try pairs.map { pair in
            let parts = try interpreter.elements(of: pair)
            guard parts.count == 2 else { throw JinjaError("urlencode needs pairs, not rows of \(parts.count)") }
            return try parts.map { try MarkupText.percentEncoded(interpreter.text($0), keepsSlashes: false) }
                .joined(separator: "=")
        }
        return try joined(parts, "&", like: .string(""), interpreter)
    }

    private static let attributes: Filter = { interpreter, value, arguments in
        let bound = try arguments.bind("xmlattr", "autospace")
        if case .undefined(let reason) = value { throw JinjaError(reason.message) }
        guard case .dict(let dict) = value else { throw JinjaError("xmlattr needs a dict, not a \(value.typeName)") }
        var parts: [String] = []
        for (key, value) in dict.members where !value.isNone && !value.isUndefined {
            guard let name = key.value.text else { throw JinjaError("xmlattr needs names that are strings") }
            guard !name.utf8.contains(where: { [0x20, 0x2F, 0x3D, 0x3E].contains($0) || 0x09...0x0D ~= $0 }) else {
                throw JinjaError(
                    "the name '\(name.prefix(40).description.quotedScalars)' has a character that no attribute's has")
            }
            func escaped(_ value: Value) throws -> String {
                value.isMarkup ? value.text ?? "" : try interpreter.text(value).escapedMarkup
            }
            parts.append("\(try escaped(key.value))=\"\(try escaped(value))\"")
        }
        let isSpaced = try bound[0].map { try $0.truth() } ?? true
        return try joined(isSpaced && !parts.isEmpty ? [""] + parts : parts, " ", like: .string(""), interpreter)
    }
}

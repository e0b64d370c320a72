extension Grammar {
    /// The rules that a text can reach, as a person reads them, from the start on; at most `limit`.
    package mutating func lines(limit: Int) throws(GrammarError) -> [String] {
        guard let start else { return [] }
        var order = [start]
        var known: Set<RuleID> = [start]
        var lines: [String] = []
        var next = 0
        while next < order.count, lines.count < limit {
            let rule = order[next]
            next += 1
            let productions = try productions(of: rule)
            for case .rule(let called, _, _) in productions.flatMap(\.symbols) where known.insert(called).inserted {
                order.append(called)
            }
            let bodies = productions.map { body($0) }
            lines.append("\(label(rule)) = \(bodies.isEmpty ? "never" : bodies.joined(separator: " | "))")
        }
        if next < order.count { lines.append("… and \(order.count - next) more rules or those that they reach") }
        return lines
    }

    private func label(_ rule: RuleID) -> String { "\(name(of: rule))·\(rule.index)" }

    private func body(_ production: Production) -> String {
        let symbols = production.symbols.map { symbol -> String in
            switch symbol {
            case .lexeme(let lexeme): text(of: lexeme)
            case .unseen(let lexeme): "new(\(text(of: lexeme)))"
            case .tokens(let set): "tokens(\(tokenSets[set.index]))"
            case .rule(let rule, _, _): label(rule)
            }
        }
        let condition = production.condition == .always ? "" : "[on a condition] "
        return condition + (symbols.isEmpty ? "nothing" : symbols.joined(separator: " "))
    }

    private func text(of lexeme: LexemeID) -> String {
        name(of: lexeme) ?? lexemes[lexeme.index].expression.text(length: 120)
    }
}

extension RegexExpression {
    /// The expression in the signs that patterns have, `&` and `~` for intersection and complement; cut after so many
    /// characters.
    package func text(length: Int) -> String {
        var text = ""
        write(to: &text, length: length, isPart: false)
        return text.count > length ? text.prefix(length) + "…" : text
    }

    /// Every node adds a character at least, so the length bounds the work.
    private func write(to text: inout String, length: Int, isPart: Bool) {
        guard text.utf8.count <= 4 * length else { return }
        func list(_ parts: [RegexExpression], _ separator: String) {
            if isPart { text += "(" }
            for (index, part) in parts.enumerated() {
                if text.utf8.count > 4 * length { return }
                if index > 0 { text += separator }
                part.write(to: &text, length: length, isPart: true)
            }
            if isPart { text += ")" }
        }
        switch self {
        case .never: text += "∅"
        case .empty: text += "ε"
        case .bytes(let set):
            var bytes: [UInt8] = []
            set.forEach { bytes.append($0) }
            text += bytes.count == 1 ? "'\(Self.sign(bytes[0]))'" : "[\(Self.signs(bytes))]"
        case .characters(let set): text += set == .all ? "." : "[\(set.ranges.map(Self.signs).joined())]"
        case .literal(let bytes): text += "'\(String(decoding: bytes, as: UTF8.self))'"
        case .sequence(let parts): list(parts, " ")
        case .either(let parts): list(parts, "|")
        case .both(let parts): list(parts, " & ")
        case .not(let inner):
            text += "~"
            inner.write(to: &text, length: length, isPart: true)
        case .repeated(let inner, let min, let max):
            inner.write(to: &text, length: length, isPart: true)
            switch (min, max) {
            case (0, nil): text += "*"
            case (1, nil): text += "+"
            case (0, 1?): text += "?"
            default: text += "{\(min),\(max.map(String.init) ?? "")}"
            }
        case .remainder: text += "<multiple>"
        case .jsonQuoted(let inner, _):
            text += "json"
            inner.write(to: &text, length: length, isPart: true)
        }
    }

    private static func signs(_ bytes: [UInt8]) -> String {
        var text = ""
        var index = 0
        while index < bytes.count {
            var end = index
            while end + 1 < bytes.count, bytes[end + 1] == bytes[end] + 1 { end += 1 }
            text += sign(bytes[index]) + (end > index ? "-" + sign(bytes[end]) : "")
            index = end + 1
        }
        return text
    }

    private static func signs(_ range: ClosedRange<UInt32>) -> String {
        func sign(_ value: UInt32) -> String {
            value < 0x21 || value > 0x7E ? "\\u{\(String(value, radix: 16))}" : Self.sign(UInt8(value))
        }
        return sign(range.lowerBound) + (range.count > 1 ? "-" + sign(range.upperBound) : "")
    }

    private static func sign(_ byte: UInt8) -> String {
        if (0x21...0x7E).contains(byte) || byte == 0x20 { return String(UnicodeScalar(byte)) }
        return "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

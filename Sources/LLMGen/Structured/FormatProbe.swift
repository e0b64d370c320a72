import LLMGrammar

/// An output format by itself, without a model: which texts it takes, and some that it does.
package struct FormatProbe {
    /// What a lenient reading of a schema has left out.
    package let notes: [String]
    private let grammar: Grammar
    private let format: OutputFormat
    private let matcher: GrammarMatcher

    /// What a format says of a text.
    package enum Verdict: Hashable, Sendable {
        case accepted
        /// No byte from here on is as the format asks; `expected` says what could have come.
        case refused(offset: Int, line: Int, column: Int, expected: String)
        /// The text is the beginning of one that the format takes.
        case incomplete(expected: String)
    }

    /// - Throws: ``LLMGenError`` `invalidInput` with the place of what cannot be kept.
    package init(_ format: OutputFormat) throws(LLMGenError) {
        guard let compiled = try format.compiled() else {
            throw LLMGenError(code: .invalidArgument, message: "free text has no format; give one")
        }
        self.format = format
        notes = compiled.notes
        grammar = compiled.grammar
        do {
            matcher = try GrammarMatcher(CompiledGrammar(compiled.grammar, vocabulary: try .bytes()))
        } catch {
            throw format.fault(error)
        }
    }

    /// What the format says of a text.
    package func verdict(on text: [UInt8]) throws(LLMGenError) -> Verdict {
        do throws(GrammarError) {
            var matcher = matcher
            for (offset, byte) in text.enumerated() {
                do throws(GrammarError) {
                    try matcher.accept(Int32(byte))
                } catch {
                    guard error.code == .tokenRefused else { throw error }
                    let before = text[..<offset]
                    let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
                    let column = String(decoding: before[lineStart...], as: UTF8.self).unicodeScalars.count + 1
                    return .refused(
                        offset: offset, line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: column,
                        expected: try expected(&matcher))
                }
            }
            return try matcher.isComplete() ? .accepted : .incomplete(expected: try expected(&matcher))
        } catch {
            throw format.fault(error)
        }
    }

    /// The rules that the format has become, at most `limit` of them, those reached first.
    package func rules(limit: Int) throws(LLMGenError) -> [String] {
        var grammar = grammar
        do {
            return try grammar.lines(limit: limit) + named
        } catch {
            throw format.fault(error)
        }
    }

    /// What the rules of a pattern and of a choice call by a name.
    private var named: [String] {
        switch format {
        case .regex(let pattern): ["the pattern = \(pattern.quoted)"]
        case .choice(let texts): ["a choice = " + texts.map(\.quoted).joined(separator: " | ")]
        default: []
        }
    }

    /// Texts that the format takes, the same for the same seed; fewer than `count` where none is found in reasonable time.
    package func samples(_ count: Int, seed: UInt64) throws(LLMGenError) -> [[UInt8]] {
        var sampler = GrammarSampler(grammar, seed: seed)
        var samples: [[UInt8]] = []
        do {
            for _ in 0..<4 * count where samples.count < count {
                if let sample = try sampler.next() { samples.append(sample) }
            }
        } catch {
            throw format.fault(error)
        }
        return samples
    }

    /// The bytes that may come next, as a person reads them.
    private func expected(_ matcher: inout GrammarMatcher) throws(GrammarError) -> String {
        var mask = TokenMask(count: matcher.grammar.vocabulary.count)
        guard case .ready = try matcher.mask(into: &mask) else { return "" }
        let bytes = mask.tokens().filter { $0 < 256 }
        var names: [String] = []
        var index = 0
        while index < bytes.count {
            var end = index
            while end + 1 < bytes.count, bytes[end + 1] == bytes[end] + 1 { end += 1 }
            names.append(Self.name(bytes[index]) + (end > index ? "-" + Self.name(bytes[end]) : ""))
            index = end + 1
        }
        if mask.contains(256) { names.append("the end") }
        return names.joined(separator: " ")
    }

    private static func name(_ byte: Int32) -> String {
        if (0x21...0x7E).contains(byte) { return String(UnicodeScalar(UInt8(byte))) }
        return "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

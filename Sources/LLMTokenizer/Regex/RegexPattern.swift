import LLMJSON

/// A regular expression in Oniguruma's syntax over UTF-8 text, by Unicode's tables as Swift knows them.
package final class RegexPattern: Sendable {
    /// The longest pattern that is read, in bytes.
    private static let patternBytes = 64 << 10

    /// The steps that long matches in a text of `count` bytes may take.
    package static func steps(for count: Int) -> Int { 100_000_000 + 64 * count }

    private let alphabet: Alphabet
    private let pattern: PCRE2Pattern
    /// The pattern as it was given.
    let source: String

    /// Compiles `source`.
    ///
    /// - Throws: `unsupported`, with the pattern and what is wrong with it.
    package init(_ source: String) throws(Damage) {
        self.source = source
        do throws(Damage) {
            guard source.utf8.count <= Self.patternBytes else {
                throw Damage("it has more than \(Self.patternBytes) bytes", code: .unsupported)
            }
            let translator = try RegexTranslator(source)
            guard let alphabet = Alphabet(translator.sets) else {
                throw Damage("it tells more than \(Alphabet.limit) classes of characters apart", code: .unsupported)
            }
            self.alphabet = alphabet
            var bytes: [UInt8] = []
            for piece in translator.pieces {
                switch piece {
                case .syntax(let text): bytes += text.utf8
                case .set(let index): bytes += Self.spelled(alphabet.symbols[index])
                }
            }
            pattern = try PCRE2Pattern(bytes)
        } catch {
            throw Damage(
                "the regular expression \(source.quoted) cannot be used: \(error.reason)", code: .unsupported,
                remedy: "correct the pattern")
        }
    }

    /// A class of `symbols` in PCRE2's syntax.
    private static func spelled(_ symbols: [UInt8]) -> [UInt8] {
        if symbols.isEmpty { return Array("(?!)".utf8) }
        func escaped(_ symbol: UInt8) -> String {
            let digits = String(symbol, radix: 16)
            return #"\x"# + (digits.count == 1 ? "0" : "") + digits
        }
        if symbols.count == 1 { return Array(escaped(symbols[0]).utf8) }
        return Array(("[" + symbols.map(escaped).joined() + "]").utf8)
    }

    /// Calls `body` with the range of each match in the UTF-8 text `bytes[range]`, from the left.
    ///
    /// - Parameter steps: how many steps long matches may take in all, less those that they take.
    /// - Throws: where finding them would take more.
    package func forEachMatch(
        in bytes: [UInt8], _ range: Range<Int>, steps: inout Int, _ body: (Range<Int>) -> Void
    ) throws(Damage) {
        let symbols = alphabet.spell(bytes, range)
        let isASCII = symbols.count == range.count
        var symbol = 0
        var position = range.lowerBound
        func advance(to target: Int) -> Int {
            if isASCII { return range.lowerBound + target }
            while symbol < target {
                let lead = bytes[position]
                position += lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
                symbol += 1
            }
            return position
        }
        do throws(Damage) {
            try pattern.forEachMatch(in: symbols, steps: &steps) { match in
                let start = advance(to: match.lowerBound)
                body(start..<advance(to: match.upperBound))
            }
        } catch {
            throw Damage("the pattern \(source.quoted): \(error.reason)", code: .encodingFailed)
        }
    }
}

import Foundation
import LLMGrammar
import LLMTestSupport
import Testing

@Suite struct RegexTests {
    /// `make_regexes.py` beside the fixture makes it with Python's `re`.
    @Test func `Regular expressions match what Python's re matches`() throws {
        let file = Paths.fixtures.appending(path: "grammar/regexes.txt")
        var count = 0
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "\t").map(String.init)
            let grammar = try Grammar(pattern: cells[0])
            for cell in cells.dropFirst() {
                let hex = Array(cell.utf8.dropFirst())
                let bytes = stride(from: 0, to: hex.count, by: 2).map {
                    UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)!
                }
                let text = String(decoding: bytes, as: UTF8.self)
                // `.` of ECMA-262 leaves out more than `\n`, but the texts have none of that.
                #expect(try matches(grammar, text) == (cell.first == "1"), "\(cells[0]) on \(text.debugDescription)")
                count += 1
            }
        }
        #expect(count > 4000)
    }

    @Test(
        arguments: [
            (1, 0, ["0", "7", "-3", "12.0"], ["1.5", "", "-", "1."]),
            (3, 0, ["0", "3", "-6", "12", "3.00"], ["1", "10", "3.5"]),
            (1, 2, ["0.25", "1.5", "7", "3.14", "2.500"], ["0.125", "1.001"]),
            (15, 1, ["1.5", "3", "4.50", "-6.0"], ["1", "0.5", "2", "1.55"]),
        ] as [(UInt64, Int, [String], [String])])
    func `Multiples are known digit by digit`(divisor: UInt64, scale: Int, yes: [String], no: [String]) throws {
        var grammar = Grammar()
        let number = try #require(DecimalRemainder(divisor: divisor, scale: scale))
        let lexeme = grammar.lexeme(Lexeme(.remainder(number)))
        grammar.start = grammar.rule(named: "start", [Production([.lexeme(lexeme)])])
        for text in yes { #expect(try matches(grammar, text), "\(text)") }
        for text in no { #expect(try !matches(grammar, text), "\(text)") }
    }

    @Test(
        arguments: [
            (
                JSONSpelling.any, "a\"\u{1F600}\n", ["a\\\"\u{1F600}\\n", "\\u0061\\u0022\\uD83D\\ude00\\u000a"],
                ["a\"\u{1F600}\\n", "a\\\"\\ud83d\\n"]
            ),
            (
                JSONSpelling.canonical, "a/\u{1}\t", ["a/\\u0001\\t"],
                ["a\\/\\u0001\\t", "a/\\u0001\\u0009", "a/\u{1}\\t"]
            ),
        ] as [(JSONSpelling, String, [String], [String])])
    func `A text is spelled in JSON as it may be`(
        spelling: JSONSpelling, text: String, yes: [String], no: [String]
    ) throws {
        var grammar = Grammar()
        let lexeme = grammar.lexeme(Lexeme(.jsonQuoted(.text(text), spelling)))
        grammar.start = grammar.rule(named: "start", [Production([.lexeme(lexeme)])])
        for spelled in yes { #expect(try matches(grammar, spelled), "\(spelled)") }
        for spelled in no { #expect(try !matches(grammar, spelled), "\(spelled)") }
    }

    @Test func `Complements and intersections hold on all short texts`() throws {
        var grammar = Grammar()
        let a = try RegexExpression(pattern: "(a|b)*ab(a|b)*")
        let b = try RegexExpression(pattern: "([ab]{2})*")
        let lexeme = grammar.lexeme(Lexeme(.both([.not(a), b, .anyText])))
        grammar.start = grammar.rule(named: "start", [Production([.lexeme(lexeme)])])
        for length in 0...6 {
            for bits in 0..<1 << length {
                let text = String((0..<length).map { bits >> $0 & 1 == 0 ? "a" : "b" })
                #expect(try matches(grammar, text) == (!text.contains("ab") && length % 2 == 0), "\(text)")
            }
        }
    }
}

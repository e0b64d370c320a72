import LLMGrammar
import Testing

@Suite struct FrontEndTests {
    @Test(arguments: [
        ("root ::= \"a\"+ | [b-d]{2,3} # a comment\n", ["a", "aaa", "bc", "bcd"], ["", "b", "bcdb", "ab"]),
        ("root ::= x? \"é\" .\nx ::= [^a-c\\n]", ["éz", "zéé"], ["aéz", "é"]),
        ("root ::= \"(\" root \")\" | \"\"", ["", "(())"], ["(", "())"]),
        ("root ::= root \"x\" | \"y\"", ["y", "yxx"], ["x", ""]),
        ("root ::= [a-z]* \"foo\"", ["foo", "foofoo", "afoo"], ["fo", "foof"]),
    ])
    func `GBNF matches what it says`(grammar: String, yes: [String], no: [String]) throws {
        let grammar = try Grammar(gbnf: grammar, specialTokens: [:])
        for text in yes { #expect(try matches(grammar, text), "\(text)") }
        for text in no { #expect(try !matches(grammar, text), "\(text)") }
    }

    @Test(arguments: [
        ("start: \"a\" B? | \"c\"i\nB: \"b\"+", ["a", "abb", "c", "C"], ["b", "A", ""]),
        ("start: (\"a\"..\"c\")~2..3", ["ab", "abc"], ["a", "abca", "ad"]),
        (
            "start: NUMBER (\",\" NUMBER)*\n%import common.NUMBER\n%import common.WS\n%ignore WS",
            ["1", "1 , 2.5 ", " 3"], ["1,", "1 2"]
        ),
        ("?start: a -> first\n  | b\na: \"x\" [\"y\"]\nb: \"z\"", ["x", "xy", "z"], ["y", "xz"]),
        ("start: t \"!\"\nt[suffix=\"--\"]: /[a-z-]*/", ["ab--!", "--!"], ["ab!", "a--b--!"]),
        ("start: %json {\"type\": \"integer\", \"minimum\": 3} \";\"", ["3;", "12;"], ["2;", "3"]),
        ("start: /a.b/s \"\\n\" // a comment\n", ["a\nb\n"], ["ab\n"]),
    ])
    func `Lark matches what it says`(grammar: String, yes: [String], no: [String]) throws {
        let grammar = try Grammar(lark: grammar, specialTokens: [:])
        for text in yes { #expect(try matches(grammar, text), "\(text)") }
        for text in no { #expect(try !matches(grammar, text), "\(text)") }
    }

    @Test func `A choice is one of the texts`() throws {
        let grammar = try Grammar(choices: ["yes", "yesterday", "no"])
        for text in ["yes", "yesterday", "no"] { #expect(try matches(grammar, text)) }
        for text in ["", "ye", "yesno", "n"] { #expect(try !matches(grammar, text)) }
    }

    @Test(arguments: [
        ("root ::= \"a", "1:12"), ("root ::= x", "1:10"), ("root ::= \"a\"\nroot ::= \"b\"", "2:1"),
        ("x ::= \"a\"", "root"),
        ("root ::= (\"a\"", "1:14"), ("root ::= [z-a]", "1:14"), ("root ::= \"a\"{3,1}", "below"),
        ("root ::= <|no|>", "no special token"),
        ("root ::= \"a\"{900000}", "at most"), ("", "root"),
    ])
    func `GBNF that is not is refused with its place`(grammar: String, words: String) {
        #expect { try Grammar(gbnf: grammar, specialTokens: [:]) } throws: { "\($0)".contains(words) }
    }

    @Test(arguments: [
        ("start: x", "1:8"), ("start: \"a", "1:10"), ("start: A\nA: b\nb: \"x\"", "names a rule"),
        ("start: A\nA: A", "itself"),
        ("%import python.X", "1:9"), ("start: /(a/", "1:8"), ("start: /a/x", "flag"),
        ("start: /(?<=a)b/", "lookbehind"),
        ("start: <|no|>", "no special token"), ("a: \"b\"", "start"), ("start{x}: x", "templates"),
        ("start[max_tokens=3]: /a/", "max_tokens"),
    ])
    func `Lark that is not is refused with its place`(grammar: String, words: String) {
        #expect { try Grammar(lark: grammar, specialTokens: [:]) } throws: { "\($0)".contains(words) }
    }

    @Test func `Special tokens come only where the grammar names them`() throws {
        let (vocabulary, tokens) = try vocabulary(alphabet: "ab<|tol>", longer: 0, seed: 1)
        let tool = vocabulary.specialTokens["<|tool|>"]!
        let grammar = try Grammar(lark: "start: \"a\" <|tool|> /[^b]*/", specialTokens: vocabulary.specialTokens)
        var matcher = try GrammarMatcher(try CompiledGrammar(grammar, vocabulary: vocabulary))
        #expect(try matcher.mask().tokens() == [1])
        try matcher.accept(1)
        #expect(try matcher.forcedTokens(limit: 5) == [tool])
        #expect(try matcher.mask().tokens() == [tool])
        try matcher.accept(tool)
        #expect(try !matcher.mask().contains(tool))
        try matcher.accept("<|tool|>", in: tokens)
        #expect(try matcher.isComplete())
    }
}

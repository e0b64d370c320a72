import Foundation
import LLMGrammar
import LLMTestSupport
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

    @Test(arguments: [
        (
            #"{"type":"structural_tag","format":{"type":"triggered_tags","triggers":["<f="],"tags":[{"begin":"<f=a>","content":{"type":"json_schema","json_schema":{"type":"integer"}},"end":"</f>"},{"begin":"<f=b>","content":{"type":"regex","pattern":"[xy]+"},"end":["!","?"]}]}}"#,
            ["", "text < f", "a<f=a>12</f>b<f=b>xy?", "<f=b>x!<f=b>y!"], ["<f=a>x</f>", "<f=c>", "a<f=a>1", "<f=b>x"]
        ),
        (
            #"{"structures":[{"begin":"<f>","schema":{"enum":[1,"a"]},"end":"</f>"}],"triggers":["<f"]}"#,
            ["free", "<f>1</f>", "a<f>\"a\"</f><g>"], ["<f>2</f>", "<fx", "<f>1"]
        ),
        (
            #"{"type":"structural_tag","format":{"type":"sequence","elements":[{"type":"tag","begin":"<t>","content":{"type":"any_text"},"end":"</t>"},{"type":"optional","content":{"type":"const_string","value":"yes"}},{"type":"or","elements":[{"type":"const_string","value":"1"},{"type":"const_string","value":"2"}]}]}}"#,
            ["<t></t>1", "<t>a<b</t>yes2"], ["<t>1", "<t></t></t>1", "<t></t>yes"]
        ),
        (
            #"{"type":"structural_tag","format":{"type":"tags_with_separator","separator":",","at_least_one":true,"tags":[{"begin":"(","content":{"type":"regex","pattern":"[a-z]"},"end":")"}]}}"#,
            ["(a)", "(a),(b)"], ["", "(a)(b)", "(a),"]
        ),
        (
            #"{"type":"structural_tag","format":{"type":"dispatch","loop":false,"rules":[["a:",{"type":"regex","pattern":"[0-9]"}]],"excludes":["no"]}}"#,
            ["", "x", "xa:1"], ["a:x", "xno", "a:1a", "a:1a:2"]
        ),
    ])
    func `A structural tag matches what it says`(tag: String, yes: [String], no: [String]) throws {
        let grammar = try Grammar(structuralTag: Array(tag.utf8), specialTokens: [:])
        for text in yes { #expect(try matches(grammar, text), "\(text)") }
        for text in no { #expect(try !matches(grammar, text), "\(text)") }
    }

    @Test(arguments: [
        ("[]", "no object"), (#"{"type":"structural_tag"}"#, "format"), (#"{"format":{"type":"new"}}"#, "not kept"),
        (#"{"format":{"type":"any_text","max_chars":3}}"#, "#/format/max_chars"), ("{", "structural tag"),
        (#"{"structures":[{"begin":"x","schema":{},"end":""}],"triggers":["y"]}"#, "no trigger"),
        (#"{"format":{"type":"json_schema","json_schema":{"type":"new"}}}"#, "#/format/json_schema"),
    ])
    func `A structural tag that is not kept is refused with its place`(tag: String, words: String) {
        #expect { try Grammar(structuralTag: Array(tag.utf8), specialTokens: [:]) } throws: { "\($0)".contains(words) }
    }

    /// How many damaged texts are read, each as every kind of grammar; `LLMGEN_FUZZ_GRAMMARS` sets another number.
    private static let fuzzCount =
        ProcessInfo.processInfo.environment["LLMGEN_FUZZ_GRAMMARS"].flatMap(Int.init) ?? 1_200

    /// Grammars with bytes changed, left out and doubled: refused, or followed for some tokens, and never a trap.
    @Test(arguments: 0..<8)
    func `Damaged grammars end in an error or a grammar`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let (vocabulary, _) = try vocabulary(alphabet: "ab{}\",:01 <f>", longer: 20, seed: 1)
        let sound = [
            MaskTests.json, MaskTests.arithmetic,
            "start: t \"!\"\nt[suffix=\"--\"]: /[a-z-]*/~2..3 | %json {\"type\": \"integer\"}",
            #"{"format":{"type":"triggered_tags","triggers":["<f="],"tags":[{"begin":"<f=a>","content":{"type":"any_text"},"end":"</f>"}]}}"#,
            "(?:a|[^b-z]{2,5}|\\d+)*(?=x)y{0,9}$",
            ##"{"type":"object","properties":{"a":{"type":"string","format":"date-time"},"b":{"$ref":"#/$defs/x"}},"required":["a"],"$defs":{"x":{"oneOf":[{"type":"integer","multipleOf":3},{"type":"array","uniqueItems":true,"maxItems":3,"items":{"enum":[1,"a"]}}]}}}"##,
            #"{"patternProperties":{"^a.*b$":{"minLength":2,"maxLength":30,"pattern":"(\\w+ ){2}"}},"additionalProperties":false,"not":{"required":["ab"]},"if":{"minProperties":2},"then":{"maxProperties":3}}"#,
        ]
        for _ in 0..<Self.fuzzCount / 8 {
            var text = Array(sound.randomElement(using: &random)!.unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: text.remove(at: place)
                case 1: text.insert(text.randomElement(using: &random)!, at: place)
                case 2: text[place] = Unicode.Scalar(UInt8.random(in: 0...255, using: &random))
                default: text.removeLast(text.count - place)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            let damaged = String(view)
            let readers: [() throws -> Grammar] = [
                { try Grammar(gbnf: damaged, specialTokens: [:]) }, { try Grammar(lark: damaged, specialTokens: [:]) },
                { try Grammar(structuralTag: Array(damaged.utf8), specialTokens: [:]) },
                { try Grammar(pattern: damaged) }, { try MaskTests.grammar(schema: damaged) },
            ]
            for reader in readers {
                do {
                    let compiled = try CompiledGrammar(try reader(), vocabulary: vocabulary)
                    var matcher = try GrammarMatcher(compiled)
                    for _ in 0..<5 where !matcher.isFinished {
                        try matcher.accept(try matcher.mask().tokens().randomElement(using: &random)!)
                    }
                } catch { #expect(error is GrammarError || error is SchemaError, "\(damaged)") }
            }
        }
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

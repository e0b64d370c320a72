import LLMGrammar
import LLMTestSupport
import Testing

/// Masks against all words of a finite language, and against every token tried by itself.
@Suite struct MaskTests {
    /// A random finite language over a few letters: rules of GBNF, and all its words.
    private struct Language {
        var rules: [String] = []
        /// Whether each rule is left-recursive to no effect, so that it is not folded into a regular expression.
        let isRecursive: Bool
        var random: SeededGenerator

        /// A rule's name and its words.
        mutating func rule(_ depth: Int) -> (name: String, words: Set<String>) {
            let body: String
            var words: Set<String>
            switch depth == 0 ? 0 : Int.random(in: 0...4, using: &random) {
            case 0:
                let letters = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                    "abc".randomElement(using: &random)!
                }
                (body, words) = ("\"\(String(letters))\"", [String(letters)])
            case 1, 2:
                let (a, b) = (rule(depth - 1), rule(depth - 1))
                (body, words) = ("\(a.name) \(b.name)", Set(a.words.flatMap { left in b.words.map { left + $0 } }))
            case 3:
                let (a, b) = (rule(depth - 1), rule(depth - 1))
                (body, words) = ("\(a.name) | \(b.name)", a.words.union(b.words))
            default:
                let inner = rule(depth - 1)
                (body, words) = ("\(inner.name){0,2}", [""])
                for _ in 0..<2 { words.formUnion(words.flatMap { left in inner.words.map { left + $0 } }) }
            }
            let name = "r\(rules.count)"
            rules.append("\(name) ::= \(body)" + (isRecursive ? " | \(name) nothing" : ""))
            return (name, words)
        }
    }

    @Test(arguments: 0..<80)
    func `The mask of a finite language allows what goes on to a word`(seed: Int) throws {
        var language = Language(isRecursive: seed % 2 == 1, random: SeededGenerator(seed: UInt64(seed)))
        let (root, words) = language.rule(4)
        guard words.count < 2000 else { return }
        let gbnf = "root ::= \(root)\nnothing ::= []\n" + language.rules.joined(separator: "\n")
        let grammar = try Grammar(gbnf: gbnf, specialTokens: [:])
        var random = language.random
        let (vocabulary, tokens) = try vocabulary(alphabet: "abc", longer: 30, seed: UInt64(seed))
        let compiled = try CompiledGrammar(grammar, vocabulary: vocabulary)
        for _ in 0..<5 {
            var matcher = try GrammarMatcher(compiled)
            var text = ""
            while !matcher.isFinished {
                let mask = try matcher.mask()
                for token in tokens.indices {
                    let isEnd = vocabulary.endTokens.contains(Int32(token))
                    let bytes = String(decoding: tokens[token], as: UTF8.self)
                    let expected =
                        isEnd
                        ? words.contains(text)
                        : !bytes.isEmpty && !bytes.hasPrefix("<") && words.contains { $0.hasPrefix(text + bytes) }
                    #expect(mask.contains(Int32(token)) == expected, "seed \(seed): \(gbnf) after \(text): \(bytes)")
                }
                let choice = mask.tokens().randomElement(using: &random)!
                try matcher.accept(choice)
                if !matcher.isFinished { text += String(decoding: tokens[Int(choice)], as: UTF8.self) }
            }
            #expect(words.contains(text))
        }
    }

    static let grammars: [(String, @Sendable () throws -> Grammar)] = [
        ("JSON in GBNF", { try Grammar(gbnf: json, specialTokens: [:]) }),
        ("arithmetic in Lark", { try Grammar(lark: arithmetic, specialTokens: [:]) }),
        ("nested parentheses", { try Grammar(gbnf: "root ::= \"(\" root \")\" root | \"\"", specialTokens: [:]) }),
        ("left recursion", { try Grammar(gbnf: "root ::= root \",\" [a-c]+ | [a-c]+", specialTokens: [:]) }),
        (
            "ambiguous splits",
            { try Grammar(gbnf: "root ::= x x x\nx ::= \"a\" x | \"ab\" x \"b\" | \"\"", specialTokens: [:]) }
        ),
        ("a schema", { try grammar(schema: schema) }),
        ("unique items", { try grammar(schema: #"{"type":"array","items":{"type":"string"},"uniqueItems":true}"#) }),
    ]

    private static let digits =
        #"{"type":"array","items":{"type":"integer","minimum":0,"maximum":9},"uniqueItems":true}"#

    @Test func `An item that ends with its first byte is remembered behind any white space`() throws {
        let vocabulary = try TokenVocabulary(
            tokens: (0...255).map { [UInt8($0)] } + [[]], special: [:], endTokens: [256])
        let start = try GrammarMatcher(
            CompiledGrammar(MaskTests.grammar(schema: MaskTests.digits), vocabulary: vocabulary))
        func accepts(_ text: String) -> Bool {
            var matcher = start
            return (try? (text.utf8.map(Int32.init) + [256]).forEach { try matcher.accept($0) }) != nil
        }
        for space in ["", " ", "\n", "\n "] {
            #expect(accepts("[\(space)1,2,\(space)3]") && accepts("[\(space)1,\(space)2\(space)]"))
            for text in ["[\(space)1,1]", "[\(space)1,\(space)1,2]", "[0,\(space)1,\(space)1]"] {
                #expect(!accepts(text), "\(text.debugDescription)")
            }
        }
    }

    static func grammar(schema: String) throws -> Grammar {
        var grammar = Grammar()
        grammar.start = try JSONSchema(Array(schema.utf8)).rule(in: &grammar)
        return grammar
    }

    private static let schema = #"""
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["a", "ab", 1]},
         "c": {"type": "array", "items": {"type": "string", "maxLength": 3}}}, "additionalProperties": {"type": "boolean"}}
        """#

    static let json = #"""
        root ::= object
        value ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
        array ::= "[" ws ( value ("," ws value)* )? "]" ws
        string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
        number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
        ws ::= | " " | "\n" [ \t]{0,20}
        """#

    static let arithmetic = """
        start: sum
        sum: product | sum ("+" | "-") product
        product: atom | product "*" atom
        atom: NUMBER | "(" sum ")" | NAME
        NAME: /[a-c]+/
        %import common.NUMBER
        %ignore " "
        """

    @Test(arguments: grammars.indices)
    func `Each token is in the mask just where it can be accepted`(index: Int) throws {
        var random = SeededGenerator(seed: UInt64(index))
        let (vocabulary, tokens) = try vocabulary(
            alphabet: "abc{}[]():,\"\\ 01+-.true\n", longer: 400, seed: UInt64(index),
            extra: ["abcabcabcabca", "\",\"", "\":", "true", "a", "é", "ab", "日本"])
        let grammar = try Self.grammars[index].1()
        let compiled = try CompiledGrammar(grammar, vocabulary: vocabulary)
        let forgetful = try CompiledGrammar(grammar, vocabulary: vocabulary, limits: .init(memoBytes: 0))
        for _ in 0..<6 {
            var matcher = try GrammarMatcher(compiled)
            var other = try GrammarMatcher(forgetful)
            for _ in 0..<25 where !matcher.isFinished {
                let mask = try matcher.mask()
                #expect(try other.mask() == mask)
                // In small pieces the same comes out.
                var piecewise = TokenMask(count: vocabulary.count)
                var pieces = 1
                while try other.mask(into: &piecewise, fuel: 20) == .outOfFuel { pieces += 1 }
                #expect(piecewise == mask)
                for token in tokens.indices {
                    var fork = matcher
                    var isAccepted = true
                    do { try fork.accept(Int32(token)) } catch { isAccepted = false }
                    let text = String(decoding: tokens[token], as: UTF8.self)
                    #expect(mask.contains(Int32(token)) == isAccepted, "\(text)")
                }
                let choices = mask.tokens()
                // A few tokens on and back is as if never done.
                var steps = 0
                while steps < 3, !other.isFinished {
                    try other.accept(try other.mask().tokens().randomElement(using: &random)!)
                    steps += 1
                }
                other.rollBack(steps)
                let choice = choices.randomElement(using: &random)!
                try matcher.accept(choice)
                try other.accept(choice)
            }
        }
    }

    @Test func `Threads that share a grammar get the masks of one`() async throws {
        let (vocabulary, _) = try vocabulary(alphabet: "abc{}[]:,\"\\ 01-.true\n", longer: 300, seed: 3)
        let compiled = try CompiledGrammar(try Self.grammars[0].1(), vocabulary: vocabulary)
        @Sendable func run(_ seed: UInt64, _ grammar: CompiledGrammar) throws -> [TokenMask] {
            var random = SeededGenerator(seed: seed)
            var matcher = try GrammarMatcher(grammar)
            var masks: [TokenMask] = []
            for _ in 0..<40 where !matcher.isFinished {
                masks.append(try matcher.mask())
                try matcher.accept(masks.last!.tokens().randomElement(using: &random)!)
            }
            return masks
        }
        try await withThrowingTaskGroup(of: (UInt64, [TokenMask]).self) { group in
            for seed in 0..<16 as Range<UInt64> { group.addTask { (seed, try run(seed, compiled)) } }
            for try await (seed, masks) in group {
                let alone = try CompiledGrammar(try Self.grammars[0].1(), vocabulary: vocabulary)
                #expect(try run(seed, alone) == masks)
            }
        }
    }

    @Test func `The fewest bytes that end an output are known`() throws {
        let (vocabulary, tokens) = try vocabulary(alphabet: "abc{}[]:,\"\\ 01-.true\n", longer: 0, seed: 3)
        var matcher = try GrammarMatcher(try CompiledGrammar(try Self.grammars[0].1(), vocabulary: vocabulary))
        for (text, left) in [("", 2), ("{", 1), ("\"a", 4), ("\":", 2), ("[[[", 4), ("{\"", 8), ("b\":t", 8)] {
            try matcher.accept(text, in: tokens)
            #expect(try matcher.bytesToClose() == left, "after \(text)")
        }
    }

    @Test func `Tables that are begun again change no mask`() throws {
        let (vocabulary, _) = try vocabulary(alphabet: "abc{}[]:,\"\\ 01-.true\n", longer: 300, seed: 3)
        let grammar = try Self.grammars[0].1()
        let small = try CompiledGrammar(grammar, vocabulary: vocabulary, limits: .init(tableBytes: 1, memoBytes: 1))
        let large = try CompiledGrammar(grammar, vocabulary: vocabulary)
        var random = SeededGenerator(seed: 5)
        var (a, b) = (try GrammarMatcher(small), try GrammarMatcher(large))
        for _ in 0..<30 where !a.isFinished {
            let mask = try a.mask()
            #expect(try b.mask() == mask)
            let token = mask.tokens().randomElement(using: &random)!
            try a.accept(token)
            try b.accept(token)
        }
    }
}

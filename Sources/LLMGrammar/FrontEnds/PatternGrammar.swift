internal import LLMJSON

extension RegexExpression {
    /// The texts that a pattern matches as wholes, in ECMA-262's syntax in Unicode mode.
    package init(
        pattern: String, ignoresCase: Bool = false, dotTakesLineEnds: Bool = false
    ) throws(GrammarError) {
        do {
            self = try ECMAPattern.texts(
                matching: pattern, ignoresCase: ignoresCase, dotTakesLineEnds: dotTakesLineEnds)
        } catch {
            guard let refusal = error as? ECMAPattern.Refusal else {
                throw GrammarError(.malformed, "the pattern \(pattern.quoted) cannot be read")
            }
            throw GrammarError(
                refusal.isMalformed ? .malformed : .refused, "the pattern \(pattern.quoted) has \(refusal.reason)")
        }
    }
}

extension Grammar {
    /// The outputs that a pattern matches as wholes.
    package init(pattern: String) throws(GrammarError) {
        self.init()
        let lexeme = lexeme(Lexeme(try RegexExpression(pattern: pattern)), named: "the pattern")
        start = rule(named: "start", [Production([.lexeme(lexeme)])])
    }

    /// The outputs that are one of some texts.
    package init(choices: [String]) throws(GrammarError) {
        guard !choices.isEmpty else {
            throw GrammarError(.malformed, "there is no choice to choose from; give at least one")
        }
        if let empty = choices.firstIndex(of: "") {
            throw GrammarError(.malformed, "choice \(empty) is empty; an output has at least one character")
        }
        self.init()
        let lexeme = lexeme(Lexeme(.either(choices.map(RegexExpression.text))), named: "a choice")
        start = rule(named: "start", [Production([.lexeme(lexeme)])])
    }
}

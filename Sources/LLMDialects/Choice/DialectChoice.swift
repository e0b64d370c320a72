package import LLMJSON
package import LLMTemplate

/// The dialect of a model, chosen by what its files say.
public struct DialectChoice: Sendable {
    /// The dialect. Where it has no ``ToolDialect/calls``, the model is given no tools.
    public let dialect: ToolDialect
    /// Why it is this one, or why there are no calls, in one line.
    public let reason: String

    package init(_ dialect: ToolDialect, _ reason: String) {
        self.dialect = dialect
        self.reason = reason
    }

    /// Chooses by the tokenizer's own description, else by the dialect that reads what the template writes, else by marks
    /// that the template or the vocabulary has, else by what the template writes alone.
    ///
    /// - Parameters:
    ///   - template: the template for conversations with tools; nil where there is none.
    ///   - responseTemplate: `response_template` of `tokenizer_config.json`.
    ///   - hasToken: whether the vocabulary has a token of just this text.
    package init(template: ChatTemplate?, responseTemplate: JSONValue? = nil, hasToken: (String) -> Bool) {
        var refusal = ""
        if let responseTemplate {
            do throws(ResponseTemplateError) {
                let dialect = try ToolDialect(responseTemplate: responseTemplate)
                self.init(dialect, "described by response_template in tokenizer_config.json")
                return
            } catch {
                refusal = "; response_template is not used: \(error.message)"
            }
        }
        guard let template else {
            self.init(
                ToolDialect("none", reasoning: ReasoningFormat.chosen(text: "", hasToken: hasToken)),
                "there is no chat template, so how tools are called is not known" + refusal)
            return
        }
        func chosen(_ dialect: ToolDialect, _ reason: String) -> DialectChoice {
            var dialect = dialect
            if dialect.framing == nil {
                dialect.reasoning =
                    DialectChoice.reasoning(of: dialect, in: template)
                    ?? ReasoningFormat.chosen(text: template.text, hasToken: hasToken)
            }
            return DialectChoice(dialect, reason + refusal)
        }
        if let dialect = DialectChoice.reading(template) {
            self = chosen(dialect, "the chat template writes calls so")
        } else if let dialect = DialectChoice.marked(template, hasToken) {
            self = chosen(dialect, "the chat template or the vocabulary has its marks")
        } else if let dialect = DerivedDialect.derive(from: template) {
            self = chosen(dialect, "derived from what the chat template writes for calls")
        } else {
            self = chosen(
                ToolDialect("none"),
                "the chat template writes no calls that can be read again, so tools are refused; name the model's dialect"
            )
        }
    }

    /// The known dialect that reads back the calls that the template writes.
    private static func reading(_ template: ChatTemplate) -> ToolDialect? {
        for dialect in ToolDialect.known {
            guard let calls = dialect.calls, calls.isMentioned(by: template.text, dialect) else { continue }
            var thoughtless = dialect
            thoughtless.reasoning = nil
            // Some templates end prompts within the reasoning, and write calls without closing it.
            let readers = [dialect, thoughtless]
            let renderings = TemplateProbe(template, ids: calls.ids).widest()
            let isRead = renderings.contains { rendering in
                readers.contains { rendering.isParsed(by: $0, tools: TemplateProbe.usualDeclarations) }
            }
            if isRead { return dialect }
        }
        return nil
    }

    /// The format in which the template writes what was thought before a call, or before an answer.
    private static func reasoning(of dialect: ToolDialect, in template: ChatTemplate) -> ReasoningFormat? {
        let probe = TemplateProbe(template, ids: dialect.calls?.ids ?? .usual)
        let calls = Array(TemplateProbe.usualCalls.prefix(1))
        let renderings = [
            probe.rendering(calls, saying: TemplateProbe.saying, thought: TemplateProbe.thought),
            probe.rendering(calls, thought: TemplateProbe.thought),
            probe.rendering([], saying: TemplateProbe.saying, thought: TemplateProbe.thought),
        ].compactMap(\.self)
        for format in [dialect.reasoning].compactMap(\.self) + ReasoningFormat.known {
            var dialect = dialect
            dialect.reasoning = format
            for rendering in renderings where rendering.answer.utf8.contains(TemplateProbe.thought.utf8) {
                let parsed = ParsedAnswer(
                    rendering.answer, dialect, tools: TemplateProbe.usualDeclarations, promptTail: rendering.prompt)
                if parsed.reasoning == TemplateProbe.thought { return format }
            }
        }
        return nil
    }

    /// The known dialect with the most marks, all of which the text of a template that writes no calls, or the vocabulary,
    /// has.
    private static func marked(_ template: ChatTemplate, _ hasToken: (String) -> Bool) -> ToolDialect? {
        var best: (ToolDialect, Int)?
        for dialect in ToolDialect.known {
            guard let calls = dialect.calls, calls.place == .anywhere, dialect.framing == nil else { continue }
            let marks = calls.marks
            guard !marks.isEmpty, marks.allSatisfy({ template.text.utf8.contains($0.utf8) || hasToken($0) }),
                TemplateProbe(template, ids: calls.ids).widest().isEmpty
            else { continue }
            let length = marks.reduce(0) { $0 + $1.utf8.count }
            if best.map({ $0.1 < length }) ?? true { best = (dialect, length) }
        }
        return best?.0
    }
}

extension TemplateProbe {
    /// What the template writes for the most calls that it takes, two or one, beside what is said and alone.
    fileprivate func widest() -> [Rendering] {
        for count in [2, 1] {
            let calls = Array(TemplateProbe.usualCalls.prefix(count))
            let found = [rendering(calls, saying: TemplateProbe.saying), rendering(calls)].compactMap(\.self)
            if !found.isEmpty { return found }
        }
        return []
    }
}

extension CallFormat {
    /// The texts by which the format is known: those longer than brackets and line breaks.
    fileprivate var marks: [String] {
        var texts = [sectionOpen, sectionClose, open, close].joined().flatMap(\.literals)
        if case .tagged(let tagged) = arguments { texts += tagged.open.flatMap(\.literals) + [tagged.close] }
        if case .literals(let literals) = arguments, let quote = literals.quote { texts.append(quote) }
        return texts.filter { $0.utf8.count > 2 }
    }

    /// Whether the template's text has what opens a call. Formats without a mark are always tried.
    fileprivate func isMentioned(by text: String, _ dialect: ToolDialect) -> Bool {
        if let framing = dialect.framing { return text.utf8.contains(framing.channel.utf8) }
        guard place == .anywhere, let opening = (sectionOpen + open).compactMap(\.text).first else { return true }
        // Templates put marks together from parts.
        let word = opening.split { !$0.isLetter && $0 != "_" && $0 != "▁" }.max { $0.count < $1.count } ?? ""
        return text.utf8.contains(word.utf8)
    }
}

extension ReasoningFormat {
    /// The format whose marks the template's text has, else those of which the vocabulary has both.
    fileprivate static func chosen(text: String, hasToken: (String) -> Bool) -> ReasoningFormat? {
        func mentions(_ mark: String) -> Bool { text.utf8.contains(mark.trimmingLineBreaks.utf8) }
        return known.first { mentions($0.open) && mentions($0.close) }
            ?? known.first { mentions($0.close) } ?? known.first { hasToken($0.open) && hasToken($0.close) }
    }
}

extension String {
    fileprivate var trimmingLineBreaks: Substring {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}

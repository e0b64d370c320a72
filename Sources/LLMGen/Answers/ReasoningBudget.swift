import LLMTokenizer

/// Closes the reasoning after so many tokens, by the tokens of its closing mark.
struct ReasoningBudget: LogitsProcessor {
    let changesArgmax = true
    let limit: Int
    /// What opens the reasoning; empty where the prompt has.
    let open: [UInt8]
    let close: [UInt8]
    let closing: [TokenID]
    let tokenizer: any Tokenizer

    private enum Limits {
        /// Tokens within which the model opens its reasoning, if it does.
        static let opening = 16
        /// Tokens that may come between the limit and the mark: those of a character that is to be whole first.
        static let slack = 8
    }

    func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
        guard output.count >= limit, let start = start(of: output), output.count - start >= limit,
            output.count - start < limit + closing.count + Limits.slack
        else { return }
        let thought = output[start...]
        guard !Self.contains(bytes(thought), close) else { return }
        let done = (0..<closing.count).last { thought.count >= $0 && thought.suffix($0).elementsEqual(closing[..<$0]) }
        let next = Int(closing[done ?? 0])
        guard logits[next] > -.infinity else { return }
        for index in 0..<logits.count where index != next { logits[index] = -.infinity }
    }

    /// Where the reasoning begins; nil where there is none.
    private func start(of output: [TokenID]) -> Int? {
        if open.isEmpty { return 0 }
        for count in 0...min(output.count, Limits.opening) {
            let text = bytes(output[..<count]).drop { $0 == 0x20 || $0 == 0x0A }
            if text.starts(with: open) { return count }
        }
        return nil
    }

    private func bytes(_ tokens: ArraySlice<TokenID>) -> [UInt8] { tokens.flatMap { tokenizer.bytes(of: $0) ?? [] } }

    private static func contains(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
        guard bytes.count >= text.count else { return false }
        return (0...bytes.count - text.count).contains { bytes[$0..<$0 + text.count].elementsEqual(text) }
    }
}

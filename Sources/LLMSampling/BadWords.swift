extension SamplingStep {
    /// Masks each token that would complete a bad word: the last of its tokens, where the output ends with the others.
    ///
    /// As vLLM's `apply_bad_words`: the prompt does not count.
    static let badWords = SamplingStep(
        name: "bad_words",
        stage: .logits,
        changesArgmax: true,
        isOn: { !$0.badWords.isEmpty },
        apply: { candidates, context in
            let output = context.history.output
            for word in context.parameters.badWords {
                guard let last = word.last, output.suffix(word.count - 1).elementsEqual(word.dropLast()) else {
                    continue
                }
                candidates.mask(last)
            }
        })
}

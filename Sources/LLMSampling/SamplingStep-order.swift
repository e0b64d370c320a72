extension SamplingStep {
    /// Every step, in the order they are applied.
    ///
    /// The rows of the stage ``Stage/logits`` come first: a greedy request applies those and takes the highest logit, a
    /// sampling one applies all and draws. The order is vLLM's (`vllm/v1/sample/sampler.py`); steps that only llama.cpp
    /// has stand among them in the order of its `common_params_sampling.samplers`: `dry` after the penalties,
    /// `top_n_sigma` before every filter, `typical_p` between `top_k` and `top_p`, `xtc` after all of them. The cut-offs
    /// of transformers come after `top_p`, as there. Mirostat is last, beside the draw whose surprise it learns from.
    public static let order: [SamplingStep] = [
        .outputFormat,
        .allowedTokens,
        .badWords,
        .minTokens,
        .logitBias,
        .argmaxProcessors,
        .repetitionPenalty,
        .frequencyPenalty,
        .presencePenalty,
        .dry,
        // A greedy request takes the highest logit here.
        .shapingProcessors,
        .temperature,
        .dynamicTemperature,
        .topNSigma,
        .minP,
        .topK,
        .typicalP,
        .topP,
        .epsilonCutoff,
        .etaCutoff,
        .xtc,
        .mirostat,
    ]
}

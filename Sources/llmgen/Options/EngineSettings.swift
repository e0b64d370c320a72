import ArgumentParser
import LLMGen

/// How models are loaded and engines schedule, for every verb that loads a model.
struct EngineSettings: SettingTable {
    /// How a model is loaded.
    var loading = LoadOptions()
    /// How an engine schedules, where the options say it.
    var scheduling = EngineOptions()
    /// Tokens of a step; nil where the option does not say.
    var maxNumBatchedTokens: Int?
    var fault: ValidationError?

    static let settings: [Setting<EngineSettings>] = [
        Setting(
            "kv-cache-memory", optional: .amount, \.scheduling.kvCacheMemory,
            shown: "what all sequences need, at most half of what is left", valueName: "size",
            help: "Memory for keys and values, and for states of recurrent layers, such as 512MiB."),
        Setting(
            "kv-blocks", optional: .integer, \.scheduling.kvBlocks, valueName: "n",
            help: "Blocks of keys and values, in place of an amount of memory."),
        Setting(
            "kv-cache-dtype", optional: .choice, none: "auto", \.scheduling.kvCacheDtype, valueName: "type",
            help: "Type of cached keys and values; auto is float32 under float32 arithmetic, else bfloat16."),
        Setting(
            "block-size", .integer, \.scheduling.blockSize, valueName: "n",
            help: "Tokens a block: 16, 32, 64 or 128."),
        Setting(
            "max-num-seqs", .integer, \.scheduling.maxNumSeqs, valueName: "n",
            help: "Most sequences that run at once."),
        Setting(
            "max-num-batched-tokens", optional: .integer, \.maxNumBatchedTokens,
            shown: "\(EngineOptions().maxNumBatchedTokens); the whole input in bench", valueName: "n",
            help: "Most tokens that one step computes."),
        Setting(
            "max-model-len", optional: .integer, \.scheduling.maxModelLength, shown: "what the model was made for",
            valueName: "n", help: "Most tokens of prompt and output together."),
        Setting(
            "no-prefix-caching", \.scheduling.prefixCaching, to: false,
            help: "Compute every prompt anew instead of keeping blocks for prompts that begin alike."),
        Setting(
            "scheduling-policy", .choice, \.scheduling.policy, valueName: "name",
            help: "Who is served first; priority is a field of a request."),
        Setting(
            "target-itl", optional: .time, \.scheduling.targetITL, shown: "none", valueName: "time",
            help: "Bound on the time between two tokens of a request, such as 50ms: prompts of others are computed in "
                + "chunks that keep it."),
        Setting(
            "max-queued-requests", optional: .integer, \.scheduling.maxQueuedRequests,
            shown: "any number; 256 in serve", valueName: "n",
            help: "Most requests that wait, besides those there are places for; more are refused."),
        Setting(
            "max-queued-tokens", optional: .integer, \.scheduling.maxQueuedTokens, shown: "any number", valueName: "n",
            help: "Most tokens that these have together."),
        Setting(
            "compute-dtype", optional: .choice(LoadOptions.computeDtypes, \.rawValue), none: "auto",
            \.loading.computeDtype,
            valueName: "type", help: "Arithmetic of the linear layers."),
        Setting(
            "quantization", optional: .choice(LoadOptions.quantizations, \.description), none: "none",
            \.loading.quantization,
            valueName: "type",
            help: "What the weights are quantized to as they are loaded, embedding and output head included."),
        Setting(
            "gemm", .choice, \.loading.gemm, valueName: "name",
            help: "The GEMM backend of linear layers; openblas gives up batch invariance."),
        Setting(
            "threads", optional: .integer, \.loading.threads, shown: "one a physical core, within the CPU quota",
            valueName: "n", help: "Threads that compute."),
        Setting(
            "cpu-features", optional: .choice, none: "auto", \.loading.cpuFeatures, valueName: "name",
            help: "Instruction sets to use; they change the speed, not the text."),
        Setting(
            "load-format", .choice, \.loading.loadFormat, valueName: "name",
            help: "Where the weights come from; dummy makes random ones of the config's shape."),
        Setting(
            "reranker", optional: .choice, none: "auto", \.loading.reranker, valueName: "name",
            help: "How a decoder that reranks is told pairs of texts; auto is what its config and its name say."),
    ]

    /// How an engine schedules.
    ///
    /// - Parameters:
    ///   - batchedTokens: tokens of a step where the option does not say.
    ///   - prefixCaching: false where prefixes are never cached, whatever the options say.
    func scheduling(
        batchedTokens: Int = EngineOptions().maxNumBatchedTokens, prefixCaching: Bool = true
    ) -> EngineOptions {
        var options = scheduling
        options.maxNumBatchedTokens = maxNumBatchedTokens ?? batchedTokens
        options.prefixCaching = prefixCaching && options.prefixCaching
        return options
    }
}

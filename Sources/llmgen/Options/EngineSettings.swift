public import ArgumentParser
public import LLMGen

/// How models are loaded and engines schedule, for every verb that loads a model.
struct EngineSettings: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Memory for keys and values, such as 512MiB. (default: what all sequences need, at most half of what is left)",
            valueName: "size"),
        transform: amount)
    var kvCacheMemory: ByteCount?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Blocks of keys and values, in place of an amount of memory.", valueName: "n"))
    var kvBlocks: Int?

    @Option(
        help: ArgumentHelp(
            "Type of cached keys and values; auto is float32 under float32 arithmetic, else bfloat16.",
            valueName: "type"))
    var kvCacheDtype = AutoOr<KVCacheDtype>.auto

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens a block: 16, 32, 64 or 128.", valueName: "n"))
    var blockSize = 32

    @Option(parsing: .unconditional, help: ArgumentHelp("Most sequences that run at once.", valueName: "n"))
    var maxNumSeqs = 128

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most tokens that one step computes. (default: 512; the whole input in bench)", valueName: "n"))
    var maxNumBatchedTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most tokens of prompt and output together. (default: what the model was made for)", valueName: "n"))
    var maxModelLen: Int?

    @Flag(help: "Compute every prompt anew instead of keeping blocks for prompts that begin alike.")
    var noPrefixCaching = false

    @Option(help: ArgumentHelp("Who is served first; priority is a field of a request.", valueName: "name"))
    var schedulingPolicy = SchedulingPolicy.fcfs

    @Option(
        name: .customLong("target-itl"), parsing: .unconditional,
        help: ArgumentHelp(
            "Bound on the time between two tokens of a request, such as 50ms: prompts of others are computed in chunks "
                + "that keep it. (default: none)", valueName: "time"),
        transform: time)
    var targetITL: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most requests that wait, besides those there are places for; more are refused. (default: any number; 256 in serve)",
            valueName: "n"))
    var maxQueuedRequests: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Most tokens that these have together. (default: any number)", valueName: "n"))
    var maxQueuedTokens: Int?

    @Option(help: ArgumentHelp("Arithmetic of the linear layers.", valueName: "type"))
    var computeDtype = OptionalChoice<Arithmetic>.none

    @Option(
        help: ArgumentHelp(
            "What the weights are quantized to as they are loaded, embedding and output head included.",
            valueName: "type"))
    var quantization = OptionalChoice<Packing>.none

    @Option(
        help: ArgumentHelp("The GEMM backend of linear layers; openblas gives up batch invariance.", valueName: "name"))
    var gemm = GEMM.auto

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Threads that compute. (default: one a physical core, within the CPU quota)", valueName: "n")
    )
    var threads: Int?

    @Option(help: ArgumentHelp("Instruction sets to use; they change the speed, not the text.", valueName: "name"))
    var cpuFeatures = AutoOr<CPUFeatures>.auto

    @Option(
        help: ArgumentHelp(
            "Where the weights come from; dummy makes random ones of the config's shape.", valueName: "name"))
    var loadFormat = LoadFormat.auto

    /// How a model is loaded.
    var loading: LoadOptions {
        LoadOptions(
            computeDtype: computeDtype.value, quantization: quantization.value, gemm: gemm, threads: threads,
            cpuFeatures: cpuFeatures.value, loadFormat: loadFormat)
    }

    /// How an engine schedules.
    ///
    /// - Parameters:
    ///   - batchedTokens: tokens of a step where the option does not say.
    ///   - prefixCaching: false where prefixes are never cached, whatever the options say.
    func scheduling(batchedTokens: Int = 512, prefixCaching: Bool = true) -> EngineOptions {
        var options = EngineOptions(
            kvCacheMemory: kvCacheMemory, kvBlocks: kvBlocks, kvCacheDtype: kvCacheDtype.value,
            blockSize: blockSize, maxNumSeqs: maxNumSeqs,
            maxNumBatchedTokens: maxNumBatchedTokens ?? batchedTokens, maxModelLength: maxModelLen)
        options.prefixCaching = prefixCaching && !noPrefixCaching
        options.policy = schedulingPolicy
        options.targetITL = targetITL
        options.maxQueuedRequests = maxQueuedRequests
        options.maxQueuedTokens = maxQueuedTokens
        return options
    }
}

/// `auto`, or a value by its name.
struct AutoOr<Value>: ExpressibleByArgument, Sendable
where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    static var auto: AutoOr { AutoOr(value: nil) }

    /// nil for what suits best.
    let value: Value?

    private init(value: Value?) { self.value = value }

    init?(argument: String) {
        value = Value(rawValue: argument)
        guard value != nil || argument == "auto" else { return nil }
    }

    var defaultValueDescription: String { value?.rawValue ?? "auto" }

    static var allValueStrings: [String] { ["auto"] + Value.allCases.map(\.rawValue) }
}

/// - Throws: what a time looks like.
func time(_ argument: String) throws -> Duration {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let units = ["us": 1e3, "ms": 1e6, "s": 1e9]
    guard let count = Double(digits), let unit = units[String(argument.dropFirst(digits.count))],
        count * unit < 1e15
    else { throw ValidationError("a time is a number with the unit us, ms or s, such as 50ms") }
    return .nanoseconds(Int64(count * unit))
}

/// - Throws: what an amount looks like.
func amount(_ argument: String) throws -> ByteCount {
    guard let amount = ByteCount(argument) else {
        throw ValidationError("an amount is a number of 0 or more with a unit, such as 512MiB or 2GiB")
    }
    return amount
}

extension GEMM: ExpressibleByArgument {}
extension LoadFormat: ExpressibleByArgument {}
extension SchedulingPolicy: ExpressibleByArgument {}

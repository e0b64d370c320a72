public import ArgumentParser
public import LLMGen

/// Options of every verb that loads a model.
struct EngineOptionGroup: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model folder, weights file, or name of a bundled or installed model.", valueName: "model"))
    var model = ModelLocator.bundledModel

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

    @Option(help: ArgumentHelp("Arithmetic of the linear layers.", valueName: "type"))
    var computeDtype = ComputeDtype.auto

    @Option(
        help: ArgumentHelp(
            "What the weights are quantized to as they are loaded, embedding and output head included.",
            valueName: "type"))
    var quantization = Quantization.none

    @Option(help: ArgumentHelp("Who multiplies matrices; openblas gives up batch invariance.", valueName: "name"))
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

    func loadModel() async throws(LLMGenError) -> LanguageModel {
        try await LanguageModel.load(
            model,
            LoadOptions(
                computeDtype: computeDtype, quantization: quantization, gemm: gemm, threads: threads,
                cpuFeatures: cpuFeatures.value, loadFormat: loadFormat))
    }

    /// - Parameter batchedTokens: tokens of a step where the option does not say.
    func load(batchedTokens: Int = 512) async throws(LLMGenError) -> (LanguageModel, Engine) {
        let model = try await loadModel()
        let engine = try Engine(
            model: model,
            options: EngineOptions(
                kvCacheMemory: kvCacheMemory, kvBlocks: kvBlocks, kvCacheDtype: kvCacheDtype.value,
                blockSize: blockSize, maxNumSeqs: maxNumSeqs,
                maxNumBatchedTokens: maxNumBatchedTokens ?? batchedTokens, maxModelLength: maxModelLen))
        return (model, engine)
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

/// - Throws: what an amount looks like.
private func amount(_ argument: String) throws -> ByteCount {
    guard let amount = ByteCount(argument) else {
        throw ValidationError("an amount is a number of 0 or more with a unit, such as 512MiB or 2GiB")
    }
    return amount
}

extension ComputeDtype: ExpressibleByArgument {}
extension GEMM: ExpressibleByArgument {}
extension Quantization: ExpressibleByArgument {}
extension LoadFormat: ExpressibleByArgument {}

public import ArgumentParser
public import LLMGen

/// Options of every verb that loads a model.
struct EngineOptionGroup: ParsableArguments {
    @Option(help: "Model folder, or the name of a bundled or installed model.")
    var model = ModelLocator.bundledModel

    @Option(help: "Memory for keys and values, such as 2GiB. (default: 2GiB, or what all sequences need, if less)")
    var kvCacheMemory: ByteCount?

    @Option(parsing: .unconditional, help: "Blocks of keys and values, in place of an amount of memory.")
    var kvBlocks: Int?

    @Option(parsing: .unconditional, help: "Tokens a block: 16, 32, 64 or 128.")
    var blockSize = 32

    @Option(parsing: .unconditional, help: "Sequences that run at once.")
    var maxNumSeqs = 128

    @Option(parsing: .unconditional, help: "Tokens that one step computes at most.")
    var maxNumBatchedTokens = 512

    @Option(parsing: .unconditional, help: "Tokens of prompt and output together. (default: what the model was made for)")
    var maxModelLen: Int?

    @Option(help: "Arithmetic of the linear layers.")
    var computeDtype = ComputeDtype.auto

    @Option(help: "Who multiplies matrices; openblas gives up batch invariance.")
    var gemm = GEMM.auto

    @Option(parsing: .unconditional, help: "Threads that compute. (default: one a processor)")
    var threads: Int?

    @Option(help: "Instruction sets to use: auto, scalar, avx2 or avx512.")
    var cpuFeatures = CPUFeatureChoice.auto

    @Option(help: "Where the weights come from; dummy makes random ones of the config's shape.")
    var loadFormat = LoadFormat.auto

    func load() async throws(LLMGenError) -> (LanguageModel, Engine) {
        let model = try await LanguageModel.load(
            model,
            LoadOptions(
                computeDtype: computeDtype, gemm: gemm, threads: threads, cpuFeatures: cpuFeatures.features,
                loadFormat: loadFormat))
        let engine = try Engine(
            model: model,
            options: EngineOptions(
                kvCacheMemory: kvCacheMemory, kvBlocks: kvBlocks, blockSize: blockSize, maxNumSeqs: maxNumSeqs,
                maxNumBatchedTokens: maxNumBatchedTokens, maxModelLength: maxModelLen))
        return (model, engine)
    }
}

/// `auto`, or an instruction set of ``CPUFeatures``.
struct CPUFeatureChoice: ExpressibleByArgument {
    static let auto = CPUFeatureChoice(features: nil)

    /// nil for the best there are.
    let features: CPUFeatures?

    private init(features: CPUFeatures?) { self.features = features }

    init?(argument: String) {
        features = CPUFeatures(rawValue: argument)
        guard features != nil || argument == "auto" else { return nil }
    }

    var defaultValueDescription: String { features?.rawValue ?? "auto" }

    static var allValueStrings: [String] { ["auto"] + CPUFeatures.allCases.map(\.rawValue) }
}

extension ByteCount: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension ComputeDtype: ExpressibleByArgument {}
extension GEMM: ExpressibleByArgument {}
extension LoadFormat: ExpressibleByArgument {}

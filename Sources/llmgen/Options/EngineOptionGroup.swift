import ArgumentParser
import LLMGen

/// Options of every verb that loads one model.
struct EngineOptionGroup: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model folder, weights file, or name of a bundled or installed model.", valueName: "model"))
    var model = ModelLocator.bundledModel

    @OptionGroup var settings: EngineSettings

    func loadModel() async throws(LLMGenError) -> LanguageModel {
        try await LanguageModel.load(model, settings.loading)
    }

    /// The model and an engine on it; see ``EngineSettings/scheduling(batchedTokens:prefixCaching:)``.
    func load(
        batchedTokens: Int = 512, prefixCaching: Bool = true
    ) async throws(LLMGenError) -> (LanguageModel, Engine) {
        let model = try await loadModel()
        let options = settings.scheduling(batchedTokens: batchedTokens, prefixCaching: prefixCaching)
        return (model, try Engine(model: model, options: options))
    }
}

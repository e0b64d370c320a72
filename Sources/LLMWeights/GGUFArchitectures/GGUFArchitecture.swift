import LLMJSON

/// An architecture as GGUF files name and write it, with what the hub calls the same.
///
/// https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py
package struct GGUFArchitecture: Sendable {
    /// The value of `general.architecture`, and the first part of the architecture's keys.
    package let name: String
    /// The name in `architectures` of the hub's `config.json`.
    package let hubName: String
    /// Which files of the name are of this row; nil for all. Of several rows the first counts.
    let isMeant: (@Sendable (GGUFKeys) throws(WeightsError) -> Bool)?
    /// Its keys, those included that all have.
    let keys: [GGUFKey]
    /// Keys of the config that are the same for every file.
    let constants: [(hubName: String, value: JSONValue)]
    /// Keys of the config that say whether there is a tensor; a `#` stands for the number of any layer.
    let flags: [(hubName: String, tensor: String)]
    let tensors: GGUFTensorTable
    let windows: Windows
    let rotation: Rotation
    let states: States
    /// What YaRN has besides the usual.
    let yarn: [(hubName: String, value: JSONValue)]
    /// Writes what no table says.
    let others: (@Sendable (GGUFKeys, inout JSONWriter) throws(WeightsError) -> Void)?

    /// Which layers have a window.
    enum Windows: Sendable {
        /// None has.
        case none
        /// All have, where the file says a length.
        case all
        /// All have but every so many-th, unless the file says which.
        ///
        /// - Parameter length: of the window where the file does not say; 0 for none.
        case pattern(Int, length: Int)
        /// What llama.cpp has as a constant.
        case chunks(length: Int)
        /// What the row's own keys say.
        case own
    }

    /// Which elements of a head are rotated.
    enum Rotation: Sendable {
        case none
        case whole
        /// `rope.dimension_count` of them.
        case part
        /// Those of latent attention, `rope.dimension_count` behind the others.
        case latent
    }

    /// Which layers keep a state in place of keys and values.
    enum States: Sendable {
        /// None does, or all keep both.
        case none
        /// All do.
        case all
        /// Those without key heads, which `layer_types` of the hub's config calls so; nil where it is said otherwise.
        case withoutKeys(String?)
        /// Those that `attention.recurrent_layers` lists; without it all but the last of each so many.
        case listed(String)
    }

    /// - Parameters:
    ///   - keys: those that not all architectures have, or not so.
    ///   - tensors: those that are not called as Llama's; nil for none.
    ///   - layers: what the hub's names of a layer's tensors begin with, a `#` where its number is.
    init(
        _ name: String, _ hubName: String,
        when isMeant: (@Sendable (GGUFKeys) throws(WeightsError) -> Bool)? = nil, keys: [GGUFKey] = [],
        constants: [(String, JSONValue)] = [], flags: [(String, tensor: String)] = [],
        model: [GGUFTensorName] = [], layer: [GGUFTensorName] = [], layers: String = "model.layers.#.",
        interleavesHeads: Bool = false, windows: Windows = .none, rotation: Rotation = .whole,
        states: States = .none, yarn: [(String, JSONValue)] = [],
        others: (@Sendable (GGUFKeys, inout JSONWriter) throws(WeightsError) -> Void)? = nil
    ) {
        self.name = name
        self.hubName = hubName
        self.isMeant = isMeant
        let own = Set(keys.map(\.name))
        self.keys = GGUFKey.shared.filter { !own.contains($0.name) } + keys
        self.constants = constants
        self.flags = flags
        tensors = GGUFTensorTable(model: model, layer: layer, layers: layers, interleavesHeads: interleavesHeads)
        self.windows = windows
        self.rotation = rotation
        self.states = states
        self.yarn = yarn
        self.others = others
    }

    var hasAttention: Bool { if case .all = states { false } else { true } }

    /// One row for what a file calls an architecture and what it is on the hub.
    package static let all = [
        mixtral, mistral, llama, llama4, smolLM3, qwen2, qwen2Moe, qwen3, qwen3Moe, gemma, gemma2, gemma3, olmo, olmo3,
        olmo2, olmoe, phi2, phi3, gpt2, gptNeoX, falconTwoNorms, falcon, starcoder2, stableLM, granite, graniteMoe,
        commandR, cohere2, chatGLM, glm4, glm4Moe, deepseekV3, deepseekV2, miniCPM3, gptOss, qwen3Next, qwen35,
        qwen35Moe, qwen2VL, qwen3VL, qwen3VLMoe, lfm2, lfm2Moe, bamba, graniteHybrid, nemotronH, nemotronHMoe, falconH1,
        mamba2,
        internLM2, miniCPM, bloom, mpt, mistral3, bertClassifier, bert, nomicBERT, modernBERT,
    ]

    /// The rows that files are written by as well.
    package static let written = [
        llama, mistral, mixtral, smolLM3, qwen2, qwen2Moe, qwen3, qwen3Moe, gemma, gemma2, olmo, olmo2, olmoe, phi2,
        phi3,
        gptNeoX, starcoder2, stableLM, granite, commandR, cohere2, chatGLM, glm4,
    ]

    /// The row of a file, by its keys. - Throws: `WeightsError` `unsupported` where there is none.
    package static func row(of file: GGUFFile) throws(WeightsError) -> GGUFArchitecture {
        let name = try file.metadata.string("general.architecture")
        for row in all where row.name == name {
            guard let isMeant = row.isMeant else { return row }
            if try isMeant(GGUFKeys(file: file, architecture: name)) { return row }
        }
        var names: [String] = []
        for row in all where !names.contains(row.name) { names.append(row.name) }
        throw WeightsError(
            .unsupported,
            "\(file.file.path.quoted): 'general.architecture' is \(name.quoted), which is not supported in GGUF files; "
                + "supported are \(names.joined(separator: ", "))")
    }
}

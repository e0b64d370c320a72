public import LLMTensor

/// A model in one GGUF file, as the hub has it: a `config.json`, and tensors under Hugging Face's names.
///
/// What converters do to tensors is undone, mostly by moving bytes, so that quantized blocks stay as they are stored.
public struct GGUFModel: NamedTensors {
    /// The file.
    public let file: GGUFFile
    /// What the metadata say about the model, as the text of a `config.json`.
    public let config: [UInt8]
    /// Every tensor that has a name on the hub, in the order of the data.
    public private(set) var tensors: [TensorInfo] = []
    private var recipes: [Recipe] = []
    private var indices: [String: Int] = [:]
    private let sizes: GGUFTensorSizes

    /// What a tensor is made of.
    private struct Recipe: Sendable {
        let stored: String
        /// A stored tensor that comes to it.
        let partner: String?
        let changes: [GGUFTensorChange]
        /// Which element of the stored one it is.
        let element: Int
    }

    /// - Throws: `WeightsError`: those of ``GGUFFile``, `unsupported` for an architecture, a key of it or a tensor that is not known,
    ///   `invalidMetadata` for a key that is missing or has a value that cannot be used, `corrupt` for tensors that are not
    ///   as the metadata say.
    public init(_ file: GGUFFile) throws(WeightsError) {
        self.file = file
        let config = try GGUFConfig(file)
        self.config = config.json
        sizes = config.sizes
        for info in file.tensors where !GGUFConfig.tensors.contains(info.name) {
            let (rows, layer) = config.architecture.tensors.rows(info.name)
            // Layers behind the model's predict further tokens.
            if let layer, config.furtherLayers.contains(layer) { continue }
            guard !rows.isEmpty else {
                throw WeightsError(
                    .unsupported,
                    "\(file.file.path.quoted): tensor \(info.name.quoted) is not known for this architecture "
                        + "and may change what it computes; use the model's safetensors checkpoint")
            }
            for row in rows where !row.hubName.isEmpty { try add(row, of: info, layer) }
        }
    }

    /// Adds the hub's tensors that a row of the table makes of a stored one.
    private mutating func add(_ row: GGUFTensorTable.Row, of stored: TensorInfo, _ layer: Int?) throws(WeightsError) {
        var info = stored
        let partner = row.changes.lazy.compactMap { $0.partner(of: stored.name) }.first
        for change in row.changes {
            guard let changed = change.info(info, with: partner.flatMap { file.info(named: $0) }, sizes) else {
                throw .corrupt(
                    file.file.path,
                    "tensor \(stored.name.quoted) has shape \(stored.shape) of \(stored.dtypeName), which does not fit the "
                        + "metadata's \(sizes.shown)")
            }
            info = changed
        }
        let name = layer.map { row.hubName.replacingMark(with: $0) } ?? row.hubName
        for element in 0..<(row.elementCount(sizes) ?? 1) {
            let own = row.elementCount(sizes) == nil ? name : name.replacingMark(with: element)
            guard indices.updateValue(tensors.count, forKey: own) == nil else {
                throw .corrupt(
                    file.file.path, "tensor \(stored.name.quoted) is another besides one that means the same")
            }
            tensors.append(info.with(name: own, shape: info.shape))
            recipes.append(Recipe(stored: stored.name, partner: partner, changes: row.changes, element: element))
        }
    }

    /// What is known of the tensor called `name` on the hub; nil where there is none.
    public func info(named name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

    /// The tensor called `name` on the hub; throws as `NamedTensors` says.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard let index = indices[name] else { throw .missing(name, in: file.file.path, of: tensors) }
        let recipe = recipes[index]
        var view = try file.tensor(named: recipe.stored)
        var partner: TensorView?
        if let name = recipe.partner { partner = try file.tensor(named: name) }
        for change in recipe.changes { view = change.view(view, with: partner, sizes, element: recipe.element) }
        return view
    }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) {
        guard let index = indices[name], recipes[index].element == 0 else { return }
        file.willNeed(recipes[index].stored)
        if let partner = recipes[index].partner { file.willNeed(partner) }
    }
}

extension GGUFTensorTable.Row {
    /// Elements that have a name each; nil where the tensor is one.
    fileprivate func elementCount(_ sizes: GGUFTensorSizes) -> Int? {
        for case .elements(let count) in changes { return sizes.count(count) }
        return nil
    }
}

extension String {
    /// With a number in place of the first `#`.
    fileprivate func replacingMark(with number: Int) -> String {
        guard let mark = firstIndex(of: "#") else { return self }
        return "\(self[..<mark])\(number)\(self[index(after: mark)...])"
    }
}

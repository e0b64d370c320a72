import LLMModels
import LLMTensor
import LLMWeights

extension QuantizationSource {
    /// The tensors of the file; the elements of one are put together.
    static func tensors(
        _ model: ModelDescription, _ architecture: GGUFArchitecture, _ checkpoint: any NamedTensors,
        _ config: ConfigFile
    ) throws -> [Tensor] {
        let sizes = model.dimensions
        var (tensors, places): ([Tensor], [String: Int]) = ([], [:])
        var elements: [String: [String]] = [:]
        for tensor in model.tensors {
            let own = architecture.stored(
                tensor.name, rows: tensor.shape[0], heads: sizes.heads, keyHeads: sizes.kvHeads, headDim: sizes.headDim)
            guard let own else { throw inexpressible(config, "the tensor \(tensor.name.quoted)") }
            let stored = try checkpoint.tensor(named: tensor.name)
            guard stored.shape == tensor.shape else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "tensor '\(tensor.name)' has shape \(stored.shape), but config.json makes it \(tensor.shape); "
                        + "check that config.json belongs to these weights")
            }
            if own.element != nil { elements[own.name, default: []].append(tensor.name) }
            guard places.updateValue(places[own.name] ?? tensors.count, forKey: own.name) == nil else { continue }
            let isVector = tensor.shape.count == 1
            tensors.append(
                Tensor(
                    name: own.name, shape: tensor.shape, byteCount: stored.byteCount,
                    view: {
                        var view = try checkpoint.tensor(named: tensor.name)
                        if own.addsOne {
                            let floats = view.floats().map { $0 + 1 }
                            view = TensorView(shape: view.shape, dtype: .float32, repeating: floats)
                        }
                        guard isVector, let row = own.row else { return view }
                        return view.reorderingRows(row)
                    }, row: isVector ? nil : own.row))
        }
        for (name, parts) in elements {
            guard let place = places[name] else { continue }
            let shape = [parts.count] + tensors[place].shape
            let byteCount = parts.count * tensors[place].byteCount
            tensors[place] = Tensor(name: name, shape: shape, byteCount: byteCount) {
                let views = try parts.map { try checkpoint.tensor(named: $0) }
                guard Set(views.map(\.dtype)).count == 1 else {
                    throw inexpressible(config, "elements of \(name.quoted) that are stored differently")
                }
                return TensorView(joining: views.map(\.asElement), dimension: 0, shape: shape) { ($0, 0) }
            }
        }
        return tensors
    }
}

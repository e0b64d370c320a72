import LLMTensor
import LLMWeights

/// Reads an architecture's tensors, checking each against the shape that the config gives it.
struct TensorReader {
    let tensors: any NamedTensors
    let format: LinearFormat
    let compute: Compute

    /// Matrices `[outputs, inputs]` stacked to one; each gives its name and outputs.
    ///
    /// - Throws: `ModelError`, naming the tensor.
    func matrix(
        _ parts: [(name: String, outputs: Int)], inputs: Int, _ kind: PackedWeights.Kind = .plain
    ) throws(ModelError) -> PackedWeights {
        guard inputs <= format.maxInputs else {
            throw ModelError(
                code: .unsupported,
                message: "tensor '\(parts[0].name)' has \(inputs) inputs; \(format) holds at most "
                    + "\(format.maxInputs), quantize to q8_0")
        }
        var views: [TensorView] = []
        for part in parts {
            views.append(try view(part.name, [part.outputs, inputs]))
        }
        return PackedWeights(stacking: views, as: format, kind, on: compute)
    }

    /// A vector as float32.
    func vector(_ name: String, _ count: Int) throws(ModelError) -> [Float] {
        try view(name, [count]).floats()
    }

    /// A norm's weight.
    func norm(_ name: String, _ count: Int, epsilon: Float) throws(ModelError) -> RMSNorm {
        RMSNorm(weight: try vector(name, count), epsilon: epsilon)
    }

    /// Vectors joined in order; nil where `wanted` is false.
    func vector(_ parts: [(name: String, outputs: Int)], if wanted: Bool) throws(ModelError) -> [Float]? {
        guard wanted else { return nil }
        var joined: [Float] = []
        for part in parts { joined += try vector(part.name, part.outputs) }
        return joined
    }

    private func view(_ name: String, _ shape: [Int]) throws(ModelError) -> TensorView {
        tensors.willNeed(name)
        let view: TensorView
        do {
            view = try tensors.tensor(named: name)
        } catch {
            throw ModelError(code: .invalidWeights, message: error.message)
        }
        guard view.shape == shape else {
            throw ModelError(
                code: .invalidWeights,
                message: "tensor '\(name)' has shape \(view.shape), but config.json makes it \(shape); "
                    + "check that config.json belongs to these weights")
        }
        return view
    }
}

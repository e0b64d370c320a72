import Foundation
import LLMModels
import LLMTensor
import LLMWeights

/// A layer that pooled states go through: sentence-transformers' `Dense`.
struct DenseLayer: Sendable {
    /// What a layer puts its outputs through.
    enum Activation: String {
        case identity = "Identity"
        case tanh = "Tanh"
    }

    private let linear: ExactLinear
    private let activation: Activation

    var outputs: Int { linear.outputs }

    /// Reads the layer of a folder.
    ///
    /// - Parameter inputs: elements that it must read.
    init(folder: URL, inputs: Int) throws {
        let config = try ConfigFile(path: folder.appending(path: "config.json").path)
        guard try config.integer("in_features", in: 1...1 << 20) == inputs else {
            throw config.invalid("in_features", "\(inputs), as many as the layer before puts out")
        }
        let outputs = try config.integer("out_features", in: 1...1 << 20)
        let key = "activation_function"
        guard let activation = Activation(rawValue: config.has(key) ? try config.lastPart(of: key) : "Tanh") else {
            throw config.unsupported("activation_function", "Identity and Tanh are")
        }
        try config.require("use_residual", false, "a layer's outputs alone are its result")
        try config.require("module_input_name", "sentence_embedding")
        self.activation = activation
        let tensors = try Checkpoint(path: folder.path)
        func tensor(_ name: String, _ shape: [Int]) throws -> [Float] {
            let view = try tensors.tensor(named: name)
            guard view.shape == shape else {
                throw ModelError(
                    .invalidWeights, "'\(folder.path)': tensor '\(name)' has shape \(view.shape), not \(shape)")
            }
            return view.floats()
        }
        let weights = try tensor("linear.weight", [outputs, inputs])
        linear = ExactLinear(
            rows: stride(from: 0, to: weights.count, by: inputs).map { Array(weights[$0..<$0 + inputs]) },
            bias: try config.flag("bias", default: true) ? try tensor("linear.bias", [outputs]) : nil)
    }

    /// What becomes of `[inputs]`.
    func callAsFunction(_ vector: [Double]) -> [Double] {
        let outputs = linear(vector)
        return activation == .tanh ? outputs.map { Foundation.tanh($0) } : outputs
    }
}

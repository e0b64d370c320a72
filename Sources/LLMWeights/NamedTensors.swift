public import LLMTensor

/// Tensors that are found by name: a checkpoint, one file of it, or anything that stands in for them.
public protocol NamedTensors: Sendable {
    /// Every tensor, in the order they are stored; names are unique.
    var tensors: [TensorInfo] { get }

    /// What is known of the tensor called `name`; nil where there is none.
    func info(named name: String) -> TensorInfo?

    /// The tensor called `name`.
    ///
    /// - Throws: `WeightsError` `missingTensor` where there is none, `unsupported` where its element type has no view.
    func tensor(named name: String) throws(WeightsError) -> TensorView

    /// Says that the tensor will be read soon. A name that is not there is ignored.
    func willNeed(_ name: String)
}

/// Tensors whose bytes can be had, whatever their elements are.
package protocol RawTensors: NamedTensors {
    /// A copy of a tensor's bytes, as many as its info says; throws `WeightsError` `missingTensor`.
    func bytes(named name: String) throws(WeightsError) -> [UInt8]
}

extension NamedTensors {
    /// All names, in stored order.
    public var names: [String] { tensors.map(\.name) }

    /// Whether there is a tensor called `name`.
    public func contains(_ name: String) -> Bool { info(named: name) != nil }

    /// Bytes of all tensors together.
    public var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

    /// Elements of all tensors together.
    public var parameterCount: Int { tensors.reduce(0) { $0 + $1.elementCount } }

    /// Does nothing: for tensors that are in memory anyway.
    public func willNeed(_ name: String) {}
}

extension WeightsError {
    static func missing(_ name: String, in source: String, of tensors: [TensorInfo]) -> WeightsError {
        let held = tensors.isEmpty ? "no tensors" : "\(tensors.count): \(listed(tensors.lazy.map(\.name)))"
        return WeightsError(
            .missingTensor,
            "\(source.quoted): no tensor \(name.quoted); it holds \(held); "
                + "check that config.json belongs to these weights")
    }
}

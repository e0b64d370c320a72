public import LLMTensor

/// A safetensors file: its header read and checked, its data mapped.
///
/// Tensors of any element type of the format are listed; views can be had of F32, F16 and BF16. Data need not be
/// aligned. Opening fails unless the tensors cover the file's data exactly, as in the format's reference
/// implementation, so a file cut short is noticed before any of it is used.
public struct SafetensorsFile: RawTensors {
    /// The mapping that the views read.
    public var file: MappedFile { stored.file }
    /// The strings under `__metadata__`; empty where there are none.
    public let metadata: [String: String]
    /// Every tensor, in the order of the data.
    public var tensors: [TensorInfo] { stored.infos }
    private let stored: StoredTensors

    /// Opens the file at `path`, whatever its name ends in.
    ///
    /// - Throws: `WeightsError`: those of `MappedFile`, `corrupt`, or `unsupported` for an unknown element type.
    public init(path: String) throws(WeightsError) {
        try self.init(MappedFile(path: path))
    }

    /// Reads the header of a file that is mapped already; throws as `init(path:)` does.
    public init(_ file: MappedFile) throws(WeightsError) {
        let header = try SafetensorsHeader(of: file)
        metadata = header.metadata
        let readable = SafetensorsDType.allCases.filter { $0.viewed != nil }.map(\.rawValue)
        stored = StoredTensors(file, header.tensors, readable: readable)
    }

    /// What is known of the tensor called `name`; nil where there is none.
    public func info(named name: String) -> TensorInfo? { stored.info(named: name) }

    /// A view into the mapped file; throws as `NamedTensors` says.
    public func tensor(named name: String) throws(WeightsError) -> TensorView { try stored.tensor(named: name) }

    /// A copy of the tensor's bytes.
    package func bytes(named name: String) throws(WeightsError) -> [UInt8] { try stored.bytes(named: name) }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) { stored.willNeed(name) }
}

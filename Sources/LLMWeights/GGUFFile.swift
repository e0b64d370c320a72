public import LLMTensor

/// A GGUF file: its header and metadata read and checked, the rest mapped.
///
/// Versions 2 and 3 are read, little-endian. Tensors of any type of ggml's are listed; views can be had of those that
/// `DType` knows. Opening fails unless the tensors lie one after the other as the alignment says, all within the file, so
/// that a file cut short is noticed before any of it is used.
///
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public struct GGUFFile: NamedTensors {
    /// The mapping that values are read from.
    public var file: MappedFile { stored.file }
    /// The format's version, 2 or 3.
    public let version: Int
    /// What the file says about the model and its vocabulary.
    public let metadata: GGUFMetadata
    /// Every tensor, in the order of the data. Types have ggml's names, such as `Q4_K`.
    public var tensors: [TensorInfo] { stored.infos }
    private let stored: StoredTensors

    /// Opens the file at `path`, whatever its name ends in.
    ///
    /// - Throws: `WeightsError`: those of `MappedFile`, `corrupt`, `unsupported` for another version, a big-endian file or
    ///   an unknown type of tensor, `invalidMetadata` for an alignment that is none.
    public init(path: String) throws(WeightsError) {
        try self.init(MappedFile(path: path))
    }

    /// Reads the header of a file that is mapped already; throws as `init(path:)` does.
    public init(_ file: MappedFile) throws(WeightsError) {
        let header = try GGUFHeader(of: file)
        version = header.version
        metadata = header.metadata
        stored = StoredTensors(file, header.tensors, readable: DType.allCases.map(\.description))
    }

    /// What is known of the tensor called `name`; nil where there is none.
    public func info(named name: String) -> TensorInfo? { stored.info(named: name) }

    /// A view into the mapped file; throws as `NamedTensors` says.
    public func tensor(named name: String) throws(WeightsError) -> TensorView { try stored.tensor(named: name) }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) { stored.willNeed(name) }
}

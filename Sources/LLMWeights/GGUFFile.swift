public import LLMTensor

/// A GGUF file: its header and metadata read and checked, the rest mapped.
///
/// Its tensors are listed, with where they are; views of them cannot be had yet. Versions 2 and 3 are read,
/// little-endian. Opening fails unless the tensors lie one after the other as the alignment says, all within the file, so
/// that a file cut short is noticed before any of it is used.
///
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public struct GGUFFile: NamedTensors {
    /// The mapping that values are read from.
    public let file: MappedFile
    /// The format's version, 2 or 3.
    public let version: Int
    /// What the file says about the model and its vocabulary.
    public let metadata: GGUFMetadata
    /// Every tensor, in the order of the data. Types have ggml's names, such as `Q4_K`.
    public let tensors: [TensorInfo]
    private let ranges: [Range<Int>]
    private let indices: [String: Int]

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
        self.file = file
        version = header.version
        metadata = header.metadata
        tensors = header.tensors.map(\.info)
        ranges = header.tensors.map(\.range)
        indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// What is known of the tensor called `name`; nil where there is none.
    public func info(named name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

    /// Refuses: no type of a GGUF file's tensors is read yet.
    ///
    /// - Throws: `WeightsError` `missingTensor` where there is none of the name, else `unsupported`.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard contains(name) else { throw .missing(name, in: file.path, of: tensors) }
        throw GGUFFile.unread(file.path)
    }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) { indices[name].map { file.willNeed(ranges[$0]) } }

    /// The error for who wants the tensors of a GGUF file.
    package static func unread(_ path: String) -> WeightsError {
        WeightsError(
            code: .unsupported,
            message: "\(path.quoted): a GGUF file, whose tensors are not read yet, only its header and metadata; "
                + "give a model folder with safetensors weights")
    }
}

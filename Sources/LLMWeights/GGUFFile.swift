public import LLMTensor

/// A GGUF file, or several that a model was split into: headers and metadata read and checked, the rest mapped.
///
/// Versions 2 and 3 are read, little-endian. Tensors of any type of ggml's are listed; views can be had of those that
/// `DType` knows. Opening fails unless the tensors of a file lie one after the other as the alignment says, all within
/// it, so that a file cut short is noticed before any of it is used.
///
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public struct GGUFFile: NamedTensors {
    /// The mapping that the metadata are read from.
    public var file: MappedFile { parts[0].file }
    /// Every file, in order.
    public var files: [MappedFile] { parts.map(\.file) }
    /// The format's version, 2 or 3.
    public let version: Int
    /// What the file, of several the first, says about the model and its vocabulary.
    public let metadata: GGUFMetadata
    /// Every tensor, in the order of the data. Types have ggml's names, such as `Q4_K`.
    public let tensors: [TensorInfo]
    private let parts: [StoredTensors]

    /// Opens the file at `path`, whatever its name ends in; of a split model the other parts too, whichever is named.
    ///
    /// - Throws: `WeightsError`: those of `MappedFile`, `corrupt`, `unsupported` for another version, a big-endian file or
    ///   an unknown type of tensor, `invalidMetadata` for an alignment that is none.
    public init(path: String) throws(WeightsError) {
        try self.init(MappedFile(path: path))
    }

    /// Reads the header of a file that is mapped already; throws as `init(path:)` does.
    public init(_ file: MappedFile) throws(WeightsError) {
        let own = try GGUFHeader(of: file)
        let headers = try GGUFSplit(own, file)?.headers(with: own, of: file) ?? [(file, own)]
        version = headers[0].header.version
        metadata = headers[0].header.metadata
        let readable = DType.ggmlCases.map(\.description)
        parts = headers.map { StoredTensors($0.file, $0.header.tensors, readable: readable) }
        tensors = parts.flatMap(\.infos)
    }

    /// What a file will be, whose header alone is known, and the elements of those tensors that say something about the config.
    package init(
        unwritten path: String, metadata: [GGUFWriter.Entry], tensors: [TensorInfo], factors: [String: [Float]]
    ) throws(WeightsError) {
        var bytes = try GGUFWriter.header(metadata, [], path)
        var entries: [StoredTensors.Entry] = []
        for info in tensors {
            let start = bytes.count
            for factor in factors[info.name] ?? [] { bytes.append(little: factor.bitPattern) }
            entries.append(StoredTensors.Entry(info: info, range: start..<bytes.count))
        }
        let file = try MappedFile(path: path, bytes: bytes)
        self.metadata = try GGUFHeader(of: file).metadata
        version = 3
        parts = [StoredTensors(file, entries, readable: DType.ggmlCases.map(\.description))]
        self.tensors = tensors
    }

    /// What is known of the tensor called `name`; nil where there is none.
    public func info(named name: String) -> TensorInfo? { part(of: name)?.info(named: name) }

    /// A view into the mapped file; throws as `NamedTensors` says.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard let part = part(of: name) else { throw .missing(name, in: file.path, of: tensors) }
        return try part.tensor(named: name)
    }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) { part(of: name)?.willNeed(name) }

    private func part(of name: String) -> StoredTensors? { parts.first { $0.info(named: name) != nil } }
}

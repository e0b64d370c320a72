public import LLMTensor

/// A safetensors file: its header read and checked, its data mapped.
///
/// Tensors of any element type of the format are listed; views can be had of F32, F16 and BF16. Data need not be
/// aligned. Opening fails unless the tensors cover the file's data exactly, as in the format's reference
/// implementation, so a file cut short is noticed before any of it is used.
public struct SafetensorsFile: NamedTensors {
    /// The mapping that the views read.
    public let file: MappedFile
    /// The strings under `__metadata__`; empty where there are none.
    public let metadata: [String: String]
    /// Every tensor, in the order of the data.
    public let tensors: [TensorInfo]
    private let ranges: [Range<Int>]
    private let indices: [String: Int]

    /// Opens the file at `path`, whatever its name ends in.
    ///
    /// - Throws: `WeightsError`: those of `MappedFile`, `corrupt`, or `unsupported` for an unknown element type.
    public init(path: String) throws(WeightsError) {
        try self.init(MappedFile(path: path))
    }

    /// Reads the header of a file that is mapped already; throws as `init(path:)` does.
    public init(_ file: MappedFile) throws(WeightsError) {
        let header = try SafetensorsHeader(of: file)
        self.file = file
        metadata = header.metadata
        tensors = header.tensors.map(\.info)
        ranges = header.tensors.map(\.range)
        indices = Dictionary(uniqueKeysWithValues: zip(tensors.map(\.name), tensors.indices))
    }

    /// What is known of the tensor called `name`; nil where there is none.
    public func info(named name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

    /// A view into the mapped file; throws as `NamedTensors` says.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard let index = indices[name] else { throw .missing(name, in: file.path, of: tensors) }
        let info = tensors[index]
        guard let dtype = info.dtype else {
            throw WeightsError(
                code: .unsupported,
                message: "\(file.path.quoted): tensor \(name.quoted) has dtype \(info.dtypeName), where "
                    + "\(DType.allCases.map(\.rawValue).joined(separator: ", ")) are read; convert it to one of them")
        }
        return try file.view(shape: info.shape, dtype: dtype, in: ranges[index])
    }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) { indices[name].map { file.willNeed(ranges[$0]) } }

}

import LLMTensor

/// The tensors of one mapped file: what they are, and which bytes hold them.
struct StoredTensors: Sendable {
    /// A tensor, and the file's bytes that hold it.
    struct Entry: Sendable {
        let info: TensorInfo
        let range: Range<Int>
    }

    let file: MappedFile
    /// In the order of the data.
    let infos: [TensorInfo]
    private let ranges: [Range<Int>]
    private let indices: [String: Int]
    /// The format's names of the types that can be viewed.
    private let readable: [String]

    /// - Precondition: names are unique.
    init(_ file: MappedFile, _ entries: [Entry], readable: [String]) {
        self.file = file
        self.readable = readable
        infos = entries.map(\.info)
        ranges = entries.map(\.range)
        indices = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.info.name, $0) })
    }

    func info(named name: String) -> TensorInfo? { indices[name].map { infos[$0] } }

    /// A view into the mapped file.
    ///
    /// - Throws: `WeightsError` `missingTensor`, or `unsupported` for a type that has no view.
    func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard let index = indices[name] else { throw .missing(name, in: file.path, of: infos) }
        let info = infos[index]
        guard let dtype = info.dtype else {
            throw WeightsError(
                .unsupported,
                "\(file.path.quoted): tensor \(name.quoted) has dtype \(info.dtypeName), where "
                    + "\(readable.joined(separator: ", ")) are read; convert it to one of them")
        }
        return try file.view(shape: info.shape, dtype: dtype, in: ranges[index])
    }

    /// A copy of a tensor's bytes, whatever their type; the mapped ones may leave memory. - Throws: `missingTensor`.
    func bytes(named name: String) throws(WeightsError) -> [UInt8] {
        guard let index = indices[name] else { throw .missing(name, in: file.path, of: infos) }
        defer { file.release(ranges[index]) }
        return try file.bytes(in: ranges[index])
    }

    func willNeed(_ name: String) { indices[name].map { file.willNeed(ranges[$0]) } }
}

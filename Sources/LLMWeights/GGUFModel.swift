public import LLMTensor

/// A model in one GGUF file, as the hub has it: a `config.json`, and tensors under Hugging Face's names.
///
/// Rows of q and k that are stored for rotation of neighbours are put back in the hub's order, which is exact.
public struct GGUFModel: NamedTensors {
    /// The file.
    public let file: GGUFFile
    /// What the metadata say about the model, as the text of a `config.json`.
    public let config: [UInt8]
    /// Every tensor that has a name on the hub, in the order of the data.
    public let tensors: [TensorInfo]
    private let ownNames: [String: String]
    private let indices: [String: Int]
    private let interleavedHeads: InterleavedHeads?

    /// - Throws: `WeightsError`: those of ``GGUFFile``, `unsupported` for an architecture, a key of it or a tensor that is not known,
    ///   `invalidMetadata` for one that is missing or has a value that cannot be used.
    public init(_ file: GGUFFile) throws(WeightsError) {
        self.file = file
        let config = try GGUFConfig(file)
        self.config = config.json
        interleavedHeads = config.interleavedHeads
        var (tensors, ownNames): ([TensorInfo], [String: String]) = ([], [:])
        for info in file.tensors {
            guard let name = GGUFArchitecture.hubName(ofTensor: info.name) else {
                if GGUFArchitecture.otherTensors.contains(info.name) { continue }
                throw WeightsError(
                    .unsupported,
                    "\(file.file.path.quoted): tensor \(info.name.quoted) is not known for this architecture "
                        + "and may change what it computes; use the model's safetensors checkpoint")
            }
            ownNames[name] = info.name
            tensors.append(
                TensorInfo(
                    name: name, shape: info.shape, dtypeName: info.dtypeName, dtype: info.dtype,
                    byteCount: info.byteCount))
        }
        self.tensors = tensors
        self.ownNames = ownNames
        indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// What is known of the tensor called `name` on the hub; nil where there is none.
    public func info(named name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

    /// The tensor called `name` on the hub; throws as `NamedTensors` says.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard let ownName = ownNames[name] else { throw .missing(name, in: file.file.path, of: tensors) }
        let view = try file.tensor(named: ownName)
        guard let heads = interleavedHeads?.count(ofTensor: name) else { return view }
        let isWhole = view.shape.count == 2 || view.dtype.blockElements == 1
        guard let rows = view.shape.first, rows % (2 * heads) == 0, isWhole else {
            throw .corrupt(
                file.file.path,
                "tensor \(ownName.quoted) has shape \(view.shape) of \(view.dtype), whose rows are no pairs of \(heads) "
                    + "heads")
        }
        return view.reorderingRows(InterleavedHeads.storedRow(rows: rows, heads: heads))
    }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) { ownNames[name].map { file.willNeed($0) } }
}

/// The heads of tensors whose rows are interleaved.
package struct InterleavedHeads: Sendable {
    let queries: Int
    let keys: Int

    package init(queries: Int, keys: Int) {
        self.queries = queries
        self.keys = keys
    }

    /// Where the file has a row of the hub's.
    static func storedRow(rows: Int, heads: Int) -> (Int) -> Int {
        let half = rows / heads / 2
        return { row in
            let (head, within) = row.quotientAndRemainder(dividingBy: 2 * half)
            return head * 2 * half + within % half * 2 + within / half
        }
    }

    /// The hub's row that is stored as `row`.
    package static func hubRow(rows: Int, heads: Int) -> @Sendable (Int) -> Int {
        let half = rows / heads / 2
        return { row in
            let (head, within) = row.quotientAndRemainder(dividingBy: 2 * half)
            return head * 2 * half + within % 2 * half + within / 2
        }
    }

    /// Heads of a tensor; nil for one whose rows are in order.
    package func count(ofTensor hubName: String) -> Int? {
        let parts = hubName.split(separator: ".")
        return switch parts.dropLast().last {
        case "q_proj": queries
        case "k_proj": keys
        default: nil
        }
    }
}

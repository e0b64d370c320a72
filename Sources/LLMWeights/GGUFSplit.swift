/// A model in several GGUF files, as llama.cpp's `gguf-split` makes them: `NAME-00001-of-00003.gguf` and so on, each with
/// `split.no` (from 0), `split.count` and `split.tensors.count`; the first has the other metadata.
struct GGUFSplit {
    private let count: Int
    private let tensorCount: Int?
    /// The path without the number.
    private let stem: Substring

    /// A part and its header.
    typealias Part = (file: MappedFile, header: GGUFHeader)

    private static let limit = 9999

    /// What a file says of others; nil where it is whole.
    init?(_ header: GGUFHeader, _ file: MappedFile) throws(WeightsError) {
        let values = header.metadata
        count = try values.integer("split.count", in: 0...GGUFSplit.limit, default: 1)
        guard count > 1 else { return nil }
        let number = try values.integer("split.no", in: 0...count - 1)
        let all = 0...Int(Int32.max)
        tensorCount = values.has("split.tensors.count") ? try values.integer("split.tensors.count", in: all) : nil
        let ending = GGUFSplit.ending(number, count)
        guard file.path.hasSuffix(ending) else {
            throw WeightsError(
                .notFound,
                "\(file.path.quoted): part \(number + 1) of \(count), whose name must end in \(ending.quoted), by which the "
                    + "others are found; give the parts their names again")
        }
        stem = file.path.dropLast(ending.count)
    }

    /// The headers of all parts, one of which is known.
    func headers(with known: GGUFHeader, of file: MappedFile) throws(WeightsError) -> [Part] {
        var parts: [Part] = []
        var names: Set<String> = []
        for number in 0..<count {
            let path = stem + GGUFSplit.ending(number, count)
            var part: Part = (file, known)
            if path != file.path {
                let file = try MappedFile(path: String(path))
                part = (file, try GGUFHeader(of: file))
            }
            let values = part.header.metadata
            for (key, wanted) in [("split.no", number), ("split.count", count)] {
                guard try values.integer(key, in: 0...GGUFSplit.limit) == wanted else {
                    throw values.invalid(key, "\(wanted), as the file's name and the other parts say")
                }
            }
            for tensor in part.header.tensors where !names.insert(tensor.info.name).inserted {
                throw .corrupt(part.file.path, "tensor \(tensor.info.name.quoted) is in another part too")
            }
            parts.append(part)
        }
        guard tensorCount == nil || tensorCount == names.count else {
            throw known.metadata.invalid("split.tensors.count", "\(names.count), the tensors of all parts")
        }
        return parts
    }

    private static func ending(_ number: Int, _ count: Int) -> String {
        func five(_ number: Int) -> String { String(repeating: "0", count: 5 - "\(number)".count) + "\(number)" }
        return "-\(five(number + 1))-of-\(five(count)).gguf"
    }
}

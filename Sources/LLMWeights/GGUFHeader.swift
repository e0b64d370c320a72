/// What a GGUF file says before its data, checked: version, metadata, and where its tensors are.
///
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
struct GGUFHeader {
    static let magic = Array("GGUF".utf8)
    /// Bytes that the format allows a key.
    static let keyLimit = 65_535
    /// Bytes that the format allows a tensor's name.
    static let nameLimit = 64
    /// Sizes that a tensor may have, as in ggml.
    static let dimensionLimit = 4
    /// Bytes that tensors begin at multiples of, unless `general.alignment` says others.
    static let defaultAlignment = 32

    let version: Int
    let metadata: GGUFMetadata
    let tensors: [StoredTensors.Entry]

    init(of file: MappedFile) throws(WeightsError) {
        var cursor = GGUFCursor(file)
        version = try GGUFHeader.version(&cursor)
        // A name of one byte, no sizes, the type and the offset; a key of one byte, the type and a byte.
        let tensorCount = try cursor.number(UInt64.self, "a count of tensors")
        let valueCount = try cursor.count(of: "metadata values", minimum: 14)
        guard tensorCount <= UInt64(cursor.remaining / 25) else {
            throw cursor.corrupt(
                "has \(tensorCount) tensors of at least 25 bytes each, where \(cursor.remaining) bytes are left")
        }
        metadata = try GGUFHeader.metadata(valueCount, &cursor)
        var unplaced: [UnplacedTensor] = []
        var names: Set<String> = []
        for number in 0..<Int(tensorCount) {
            let tensor = try UnplacedTensor(number: number, &cursor)
            guard names.insert(tensor.name).inserted else {
                throw .corrupt(file.path, "the tensor \(tensor.name.quoted) appears twice")
            }
            unplaced.append(tensor)
        }
        tensors = try GGUFHeader.placed(unplaced, after: cursor.offset, metadata, file)
    }

    private static func version(_ cursor: inout GGUFCursor) throws(WeightsError) -> Int {
        let file = cursor.file
        let start = try file.bytes(in: 0..<min(WeightFile.startLength, file.count))
        guard start.starts(with: magic) else { throw WeightFile.unrecognized(file, start: start) }
        _ = try cursor.number(UInt32.self, "a magic number")
        let version = try cursor.number(UInt32.self, "a version")
        if version == 2 || version == 3 { return Int(version) }
        let reason =
            switch version {
            case 1: "GGUF version 1, whose lengths have 32 bits; convert the model again with a current llama.cpp"
            case _ where version.byteSwapped <= 3 && version != 0:
                "a big-endian GGUF file; convert it with gguf-convert-endian of the PyPI package gguf"
            default: "GGUF version \(version); versions 2 and 3 are read"
            }
        throw WeightsError(.unsupported, "\(file.path.quoted): \(reason)")
    }

    private static func metadata(_ count: Int, _ cursor: inout GGUFCursor) throws(WeightsError) -> GGUFMetadata {
        var metadata = GGUFMetadata(file: cursor.file)
        for number in 0..<count {
            cursor.place = "metadata value \(number + 1) of \(count)"
            let key = try cursor.text("a key", limit: keyLimit)
            guard !key.isEmpty, key.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) else {
                throw cursor.corrupt("has the key \(key.quoted); keys are of printable ASCII")
            }
            cursor.place = "metadata key \(key.quoted)"
            let type = try cursor.valueType("the value type")
            let range = try cursor.value(of: type)
            guard metadata.add(key, type, range) else { throw cursor.corrupt("appears twice") }
        }
        return metadata
    }

    /// Tensors lie behind the header in its order, each at the next multiple of the alignment, as ggml demands.
    private static func placed(
        _ tensors: [UnplacedTensor], after headerEnd: Int, _ metadata: GGUFMetadata, _ file: MappedFile
    ) throws(WeightsError) -> [StoredTensors.Entry] {
        let alignment = try metadata.integer(
            "general.alignment", in: 8...Int(UInt32.max), default: defaultAlignment)
        guard alignment & (alignment - 1) == 0 else {
            throw metadata.invalid("general.alignment", "a power of two of at least 8")
        }
        func aligned(_ count: Int) -> Int { (count + alignment - 1) & ~(alignment - 1) }
        let start = aligned(headerEnd)
        var (end, placed) = (0, [StoredTensors.Entry]())
        for tensor in tensors {
            guard tensor.offset == UInt64(aligned(end)) else {
                throw .corrupt(
                    file.path,
                    "tensor \(tensor.name.quoted) begins at data byte \(tensor.offset), not at \(aligned(end)), the "
                        + "next multiple of \(alignment)")
            }
            let begin = start + aligned(end)
            guard begin <= file.count, tensor.byteCount <= file.count - begin else {
                throw .corrupt(
                    file.path,
                    "tensor \(tensor.name.quoted) has \(tensor.byteCount) bytes from byte \(begin), where the file has "
                        + "\(file.count)")
            }
            end = aligned(end) + tensor.byteCount
            placed.append(StoredTensors.Entry(info: tensor.info, range: begin..<begin + tensor.byteCount))
        }
        return placed
    }
}

/// A tensor as the header describes it, checked but for where its data lie.
private struct UnplacedTensor {
    let name: String
    let offset: UInt64
    let byteCount: Int
    let info: TensorInfo

    init(number: Int, _ cursor: inout GGUFCursor) throws(WeightsError) {
        cursor.place = "tensor \(number + 1)"
        name = try cursor.text("a name", limit: GGUFHeader.nameLimit)
        guard !name.isEmpty else { throw cursor.corrupt("has no name") }
        cursor.place = "tensor \(name.quoted)"
        let dimensions = try cursor.number(UInt32.self, "a count of sizes")
        guard dimensions <= GGUFHeader.dimensionLimit else {
            throw cursor.corrupt("has \(dimensions) sizes, above the limit of \(GGUFHeader.dimensionLimit)")
        }
        var sizes: [Int] = []  // the innermost first
        for _ in 0..<dimensions {
            let size = try cursor.number(UInt64.self, "a size")
            guard let size = Int(exactly: size) else { throw cursor.corrupt("has a size \(size), above \(Int.max)") }
            sizes.append(size)
        }
        let typeNumber = try cursor.number(UInt32.self, "a type")
        offset = try cursor.number(UInt64.self, "an offset")
        guard let type = GGMLType(rawValue: typeNumber) else {
            let known = GGMLType.allCases.map(\.name).joined(separator: ", ")
            throw WeightsError(
                .unsupported,
                "\(cursor.file.path.quoted): tensor \(name.quoted) has ggml type \(typeNumber), which is none "
                    + "of \(known); convert or quantize the model again")
        }
        let block = type.block
        guard (sizes.first ?? 1) % block.elements == 0, !sizes.isEmpty || block.elements == 1 else {
            throw cursor.corrupt(
                "has rows of \(sizes.first ?? 1) elements, where \(type.name) stores blocks of \(block.elements)")
        }
        var blocks = sizes
        if !sizes.isEmpty { blocks[0] /= block.elements }
        guard let byteCount = product(of: blocks, times: block.bytes), product(of: sizes) != nil else {
            throw cursor.corrupt("has sizes \(sizes), whose product is above the limit of \(Int.max)")
        }
        self.byteCount = byteCount
        info = TensorInfo(
            name: name, shape: sizes.reversed(), dtypeName: type.name, dtype: type.viewed, byteCount: byteCount)
    }
}

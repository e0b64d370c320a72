import LLMTensor

/// Writes a GGUF file of version 3, little-endian: the header at once, then the data of the tensors in their order, in
/// pieces of any size. The file has its name when ``finish()`` returns; a writer that goes before leaves nothing.
///
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package final class GGUFWriter {
    /// A key and its value.
    package typealias Entry = (key: String, value: GGUFValue)

    /// Bytes of the whole file.
    package let byteCount: Int
    private let file: OutputFile
    private let tensors: [TensorInfo]
    private let replaces: Bool
    /// The tensor whose data come next, and how many bytes of it there are.
    private var position = (tensor: 0, written: 0)

    /// - Parameters:
    ///   - tensors: the names, shapes and types of all tensors, in the order of their data.
    ///   - replaces: whether a file that is there may be replaced.
    /// - Throws: `WeightsError` `alreadyExists`, `noRoom`, `notFound` for a folder that is not there, `unwritable`, or
    ///   `unsupported` for a tensor that the format cannot have.
    package init(
        path: String, metadata: [Entry], tensors: [TensorInfo], replaces: Bool = false
    ) throws(WeightsError) {
        let header = try GGUFWriter.header(metadata, tensors, path)
        byteCount = header.count + tensors.reduce(0) { $0 + GGUFWriter.aligned($1.byteCount) }
        self.tensors = tensors
        self.replaces = replaces
        file = try OutputFile(path: path, byteCount: byteCount, replaces: replaces)
        try file.write(header)
        skipEmpty()
    }

    /// Writes the next bytes of the tensor that is being written.
    ///
    /// - Precondition: they are not more than it has left.
    package func append(_ bytes: [UInt8]) throws(WeightsError) {
        guard !bytes.isEmpty else { return }
        let total = position.tensor < tensors.count ? tensors[position.tensor].byteCount : 0
        precondition(position.written + bytes.count <= total, "more bytes than the tensor has")
        try file.write(bytes)
        position.written += bytes.count
        guard position.written == total else { return }
        try file.write(Array(repeating: 0, count: GGUFWriter.aligned(total) - total))
        position = (position.tensor + 1, 0)
        skipEmpty()
    }

    /// Makes the file whole.
    ///
    /// - Precondition: the data of all tensors have been written.
    package func finish() throws(WeightsError) {
        precondition(position.tensor == tensors.count, "tensors without data")
        try file.finish(replaces: replaces)
    }

    private func skipEmpty() {
        while position.tensor < tensors.count, tensors[position.tensor].byteCount == 0 { position.tensor += 1 }
    }

    private static func aligned(_ count: Int) -> Int {
        (count + GGUFHeader.defaultAlignment - 1) / GGUFHeader.defaultAlignment * GGUFHeader.defaultAlignment
    }

    static func header(
        _ metadata: [Entry], _ tensors: [TensorInfo], _ path: String
    ) throws(WeightsError) -> [UInt8] {
        var bytes = GGUFHeader.magic
        bytes.append(little: UInt32(3))
        bytes.append(little: UInt64(tensors.count))
        bytes.append(little: UInt64(metadata.count))
        for (key, value) in metadata {
            bytes.append(counted: key.utf8)
            bytes.append(little: value.type.rawValue)
            value.append(to: &bytes)
        }
        var offset = 0
        for tensor in tensors {
            guard let type = tensor.dtype.flatMap(GGMLType.init), tensor.name.utf8.count <= GGUFHeader.nameLimit,
                tensor.shape.count <= GGUFHeader.dimensionLimit
            else {
                throw WeightsError(
                    .unsupported,
                    "\(path.quoted): tensor \(tensor.name.quoted) of shape \(tensor.shape) cannot be in a GGUF file, "
                        + "whose tensors have names of \(GGUFHeader.nameLimit) bytes and "
                        + "\(GGUFHeader.dimensionLimit) sizes at most; leave it out")
            }
            bytes.append(counted: tensor.name.utf8)
            bytes.append(little: UInt32(tensor.shape.count))
            for size in tensor.shape.reversed() { bytes.append(little: UInt64(size)) }
            bytes.append(little: type.rawValue)
            bytes.append(little: UInt64(offset))
            offset += aligned(tensor.byteCount)
        }
        return bytes + Array(repeating: 0, count: aligned(bytes.count) - bytes.count)
    }
}

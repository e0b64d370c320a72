import LLMJSON
import LLMTensor

/// The checked header of a safetensors file: what is where.
///
/// The format: 8 bytes of header length (little-endian), then the header (a JSON object that starts with '{' and may
/// end with white space), then the data. See https://github.com/huggingface/safetensors.
///
/// As in the reference implementation, the tensors cover the data from its first byte to the end of the file without
/// hole or overlap, in any order in the header, and members of a tensor other than the three known ones are ignored.
/// Stricter than there: the header must start with '{', names must be unique, a tensor has at most 64 dimensions, and
/// zeros in a shape do not excuse other sizes that overflow.
struct SafetensorsHeader {
    static let lengthLimit = 100_000_000
    static let dimensionLimit = 64

    /// The strings under `__metadata__`.
    private(set) var metadata: [String: String] = [:]
    /// Sorted by where they are.
    private(set) var tensors: [StoredTensors.Entry] = []

    init(of file: MappedFile) throws(WeightsError) {
        let bytes = try Self.headerBytes(of: file)
        let dataStart = 8 + bytes.count
        var members: [TensorMembers] = []
        do throws(JSONError) {
            var reader = JSONReader(bytes, part: "header")
            try reader.beginObject()
            while let name = try reader.nextName() {
                if name == "__metadata__" {
                    metadata = try reader.stringMap()
                } else {
                    members.append(try reader.tensorMembers(name))
                }
            }
            try reader.finish()
        } catch {
            throw .corrupt(file.path, error)
        }
        for tensor in members { tensors.append(try tensor.checked(file: file, dataStart: dataStart)) }
        tensors.sort {
            ($0.range.lowerBound, $0.range.upperBound, $0.info.name)
                < ($1.range.lowerBound, $1.range.upperBound, $1.info.name)
        }
        try checkCoverage(of: file, dataStart: dataStart)
    }

    /// A copy, so that a file that changes later cannot undo a check.
    private static func headerBytes(of file: MappedFile) throws(WeightsError) -> [UInt8] {
        guard file.count >= 8 else {
            throw .corrupt(file.path, "\(file.count) bytes, where the header's length alone takes 8")
        }
        let start = try file.bytes(in: 0..<min(WeightFile.startLength, file.count))
        guard start.count > 8, start[8] == UInt8(ascii: "{") else { throw WeightFile.unrecognized(file, start: start) }
        let length = start[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(lengthLimit) else {
            throw .corrupt(file.path, "a header of \(length) bytes, above the limit of \(lengthLimit)")
        }
        guard length <= UInt64(file.count - 8) else {
            throw .corrupt(file.path, "a header of \(length) bytes, where \(file.count - 8) follow its length")
        }
        return try file.bytes(in: 8..<8 + Int(length))
    }

    private func checkCoverage(of file: MappedFile, dataStart: Int) throws(WeightsError) {
        var end = dataStart
        for tensor in tensors {
            guard tensor.range.lowerBound == end else {
                let fault = tensor.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a hole before it"
                throw .corrupt(
                    file.path,
                    "tensor \(tensor.info.name.quoted) begins at data byte \(tensor.range.lowerBound - dataStart), "
                        + "not at \(end - dataStart): it \(fault)")
            }
            end = tensor.range.upperBound
        }
        guard end == file.count else {
            throw .corrupt(
                file.path, "\(file.count - dataStart) bytes of data, of which the header uses \(end - dataStart)")
        }
    }
}

/// A tensor of the header as it is written.
private struct TensorMembers {
    let name: String
    var dtypeName: String?
    var shape: [Int]?
    var offsets: [Int]?

    func checked(file: MappedFile, dataStart: Int) throws(WeightsError) -> StoredTensors.Entry {
        func corrupt(_ reason: String) -> WeightsError { .corrupt(file.path, "tensor \(name.quoted) \(reason)") }
        guard let dtypeName else { throw corrupt("has no dtype") }
        guard let shape else { throw corrupt("has no shape") }
        guard let offsets else { throw corrupt("has no data_offsets") }
        guard let dtype = SafetensorsDType(rawValue: dtypeName) else {
            let known = SafetensorsDType.allCases.map(\.rawValue).joined(separator: ", ")
            throw WeightsError(
                .unsupported,
                "\(file.path.quoted): tensor \(name.quoted) has dtype \(dtypeName.quoted), which is none of "
                    + "\(known); convert the weights to BF16, F16 or F32")
        }

        let limit = file.count - dataStart
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= limit else {
            throw corrupt(
                "has data_offsets \(offsets), where a begin and an end no less than it are needed, both within the "
                    + "\(limit) bytes of data")
        }
        guard let bits = product(of: shape, times: dtype.bitWidth) else {
            throw corrupt("has shape \(shape), whose size in bits is above the limit of \(Int.max)")
        }
        let byteCount = offsets[1] - offsets[0]
        guard bits % 8 == 0, bits / 8 == byteCount else {
            throw corrupt("has \(byteCount) bytes, where shape \(shape) of \(dtypeName) needs \(bits) bits")
        }
        return StoredTensors.Entry(
            info: TensorInfo(
                name: name, shape: shape, dtypeName: dtypeName, dtype: dtype.viewed, byteCount: byteCount),
            range: dataStart + offsets[0]..<dataStart + offsets[1])
    }
}

extension JSONReader {
    fileprivate mutating func tensorMembers(_ name: String) throws(JSONError) -> TensorMembers {
        var tensor = TensorMembers(name: name)
        try beginObject()
        while let member = try nextName() {
            switch member {
            case "dtype": tensor.dtypeName = try string()
            case "shape": tensor.shape = try counts(limit: SafetensorsHeader.dimensionLimit)
            case "data_offsets": tensor.offsets = try counts(limit: 2)
            default: try skipValue()
            }
        }
        return tensor
    }

    private mutating func counts(limit: Int) throws(JSONError) -> [Int] {
        var values: [Int] = []
        try beginArray()
        while try nextElement() {
            guard values.count < limit else { throw failure("more than \(limit) numbers") }
            values.append(try count())
        }
        return values
    }
}

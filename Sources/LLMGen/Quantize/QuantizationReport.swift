import LLMTensor
import LLMWeights

/// What a model's tensors became: by kind, and together.
public struct QuantizationReport: Sendable, Encodable {
    /// Tensors that do the same in every layer.
    public struct Kind: Sendable, Encodable {
        /// Such as `attn_v`.
        public let name: String
        /// Stored types, in the order in which they first come.
        public fileprivate(set) var types: [String] = []
        /// Tensors of the kind.
        public fileprivate(set) var tensors = 0
        /// Bytes in the source.
        public fileprivate(set) var bytesBefore = 0
        /// Bytes in the file.
        public fileprivate(set) var bytesAfter = 0
        /// The root of the mean squared error over that of the mean square.
        public var error: Double { sum.relative }
        /// The tensor whose error is largest.
        public fileprivate(set) var worstTensor = ""
        /// That error.
        public fileprivate(set) var worstError = -1.0
        fileprivate var sum = TensorEncoder.Error()

        private enum CodingKeys: String, CodingKey {
            case name, types, tensors, bytesBefore, bytesAfter, error, worstTensor, worstError
        }

        /// Encodes every property; an error that is not finite is null.
        public func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(name, forKey: .name)
            try fields.encode(types, forKey: .types)
            try fields.encode(tensors, forKey: .tensors)
            try fields.encode(bytesBefore, forKey: .bytesBefore)
            try fields.encode(bytesAfter, forKey: .bytesAfter)
            // JSON has no infinity, which values beyond the type's range make.
            try fields.encode(error.isFinite ? error : nil, forKey: .error)
            try fields.encode(worstTensor, forKey: .worstTensor)
            try fields.encode(worstError.isFinite ? worstError : nil, forKey: .worstError)
        }
    }

    /// The file.
    public let path: String
    /// Its size.
    public let fileBytes: Int
    /// What the file leaves out, a line each.
    public let notes: [String]
    /// Tensors by kind, in the order in which they first come.
    public private(set) var kinds: [Kind] = []
    /// Elements of all tensors.
    public private(set) var parameters = 0

    /// Bytes of all tensors in the source.
    public var bytesBefore: Int { kinds.reduce(0) { $0 + $1.bytesBefore } }
    /// Bytes of all tensors in the file.
    public var bytesAfter: Int { kinds.reduce(0) { $0 + $1.bytesAfter } }
    /// Bits that an element takes in the file.
    public var bitsPerWeight: Double { parameters == 0 ? 0 : Double(bytesAfter) * 8 / Double(parameters) }

    init(path: String, fileBytes: Int, notes: [String]) {
        self.path = path
        self.fileBytes = fileBytes
        self.notes = notes
    }

    mutating func add(_ info: TensorInfo, before: Int, _ error: TensorEncoder.Error) {
        let name = TensorRole(info.name, shape: info.shape).kind
        let index = kinds.firstIndex { $0.name == name } ?? kinds.count
        if index == kinds.count { kinds.append(Kind(name: name)) }
        if !kinds[index].types.contains(info.dtypeName) { kinds[index].types.append(info.dtypeName) }
        kinds[index].tensors += 1
        kinds[index].bytesBefore += before
        kinds[index].bytesAfter += info.byteCount
        kinds[index].sum += error
        if error.relative > kinds[index].worstError {
            (kinds[index].worstTensor, kinds[index].worstError) = (info.name, error.relative)
        }
        parameters += info.elementCount
    }
}

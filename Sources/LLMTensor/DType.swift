import CLLMKernels

/// How a tensor's elements are stored, in blocks of one or more: a row of the kernels' table of encodings (`blocks.c`).
public struct DType: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    let kernelIndex: UInt32

    /// IEEE 754 of 32 bits.
    public static let float32 = DType(LLM_F32)
    /// IEEE 754 of 16 bits.
    public static let float16 = DType(LLM_F16)
    /// The upper half of a float32.
    public static let bfloat16 = DType(LLM_BF16)
    /// A float16 scale and 32 integers of 4 bits with a sign: ggml's Q4_0.
    public static let q4_0 = DType(LLM_Q4_0)
    /// A float16 scale and 32 integers of 8 bits with a sign: ggml's Q8_0.
    public static let q8_0 = DType(LLM_Q8_0)
    /// An exponent of 8 bits and 32 floats of 4 bits (OCP Microscaling 1.0), as ggml orders them.
    public static let mxfp4 = DType(LLM_MXFP4)
    /// A float32 scale, the same in a whole row, and 32 integers of 8 bits with a sign. Not of ggml: what other quantized checkpoints hold.
    public static let int8 = DType(LLM_STORED_INT8)
    /// A float16 scale, a zero and 32 integers of 4 bits that are counted from it. Not of ggml.
    public static let int4 = DType(LLM_STORED_INT4)

    /// Every stored type.
    public static let allCases: [DType] = {
        var count = 0
        _ = llm_encodings(&count)
        return (0..<UInt32(count)).map { DType(llm_dtype($0)) }
    }()

    /// The types of ggml.
    public static let ggmlCases: [DType] = allCases.filter { ![.int8, .int4].contains($0) }

    private init(_ type: llm_dtype) { kernelIndex = type.rawValue }

    /// The type that ggml calls `name`, such as `Q8_0`; nil where it is not read here.
    public init?(ggmlName name: String) {
        guard let type = DType.ggmlCases.first(where: { $0.description == name }) else { return nil }
        self = type
    }

    private var row: llm_encoding {
        var count = 0
        return llm_encodings(&count)[Int(kernelIndex)]
    }

    var kernelType: llm_dtype { llm_dtype(kernelIndex) }

    /// Elements of a block. The innermost dimension of a tensor is whole blocks.
    public var blockElements: Int { row.elements }

    /// Bytes of a block.
    public var blockByteCount: Int { row.bytes }

    /// The smallest packing that holds the elements without loss.
    public var packing: Packing { Packing(row.packing) }

    /// Whether the packing takes about the bytes that are stored: a quarter more at most.
    public var isPackedAsStored: Bool {
        let bytes = packing.panelByteCount(inputs: 256) / Int(LLM_PANEL), stored = 256 / blockElements * blockByteCount
        return bytes * 4 <= stored * 5
    }

    /// Bytes of a tensor; nil where its rows are no whole blocks, a size is negative, or there are more than `Int.max`.
    public func byteCount(ofShape shape: [Int]) -> Int? {
        var sizes = shape
        if blockElements > 1 {
            guard let last = sizes.popLast(), last % blockElements == 0 else { return nil }
            sizes.append(last / blockElements)
        }
        var total = blockByteCount
        for size in sizes {
            let (next, overflows) = total.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflows else { return nil }
            total = next
        }
        return total
    }

    /// ggml's name, such as `BF16`; of the types that are not ggml's their own.
    public var description: String { String(cString: row.name) }
}

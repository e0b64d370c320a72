import LLMTensor
import LLMTestSupport
import Testing

@Suite struct TensorEncoderTests {
    static let values = (0..<64 * 300).map { (index: Int) -> Float in Float(index * 7919 % 2003 - 1001) / 500 }
    static let view = TensorView(shape: [300, 64], dtype: .float32, repeating: values)

    private func bytes(_ dtype: DType, threads: Int, piece: Int) -> ([UInt8], Double) {
        let encoder = TensorEncoder(Self.view, as: dtype, on: Compute(threads: threads))
        var (bytes, error) = ([UInt8](), TensorEncoder.Error())
        for start in stride(from: 0, to: 300, by: piece) {
            let part = encoder.encode(start..<min(start + piece, 300))
            bytes += part.bytes
            error += part.error
        }
        return (bytes, error.relative)
    }

    @Test(arguments: TensorEncoder.types.filter { $0.blockElements <= 64 })
    func `Bytes do not depend on threads and pieces, and the error is small`(dtype: DType) {
        let (whole, error) = bytes(dtype, threads: 1, piece: 300)
        #expect(bytes(dtype, threads: 3, piece: 7).0 == whole)
        #expect(whole.count == dtype.byteCount(ofShape: [300, 64]))
        #expect(error < (dtype == .float32 ? 1e-12 : dtype.blockElements == 1 ? 3e-3 : 0.2))
    }

    @Test func `A type that is the tensor's own is copied, in the order that is asked for`() {
        var options = TensorEncoder.Options()
        options.source = { 299 - $0 }
        let encoder = TensorEncoder(Self.view, as: .float32, options, on: Compute(threads: 2))
        let wanted = Self.view.rows(299..<300).floats() + Self.view.rows(298..<299).floats()
        #expect(encoder.encode(0..<2).bytes == wanted.withUnsafeBytes { Array($0) })
    }
}

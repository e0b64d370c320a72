import CSentencePiece

/// A model inside libsentencepiece. The library's encoder does not change it, so threads may share it.
final class SentencePieceProcessor: @unchecked Sendable {
    private let processor: OpaquePointer

    /// Loads a checked model.
    init(_ model: SentencePieceModel) throws(Damage) {
        var reason = [CChar](repeating: 0, count: 512)
        let bytes = model.serialized
        guard let processor = csp_processor_create(bytes, bytes.count, &reason, reason.count) else {
            throw Damage("libsentencepiece refuses it (\(Self.text(reason)))")
        }
        self.processor = processor
    }

    deinit { csp_processor_destroy(processor) }

    /// Appends the ids of UTF-8 `text` to `ids`.
    func encode(_ text: ArraySlice<UInt8>, into ids: inout [TokenID]) throws(Damage) {
        guard !text.isEmpty else { return }
        var encoded: UnsafeMutablePointer<Int32>?
        defer { csp_ids_destroy(encoded) }
        var reason = [CChar](repeating: 0, count: 512)
        let count = text.withUnsafeBufferPointer { buffer in
            csp_encode(processor, buffer.baseAddress, buffer.count, &encoded, &reason, reason.count)
        }
        guard count >= 0 else { throw Damage(Self.text(reason)) }
        ids += UnsafeBufferPointer(start: encoded, count: Int(count))
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension SentencePieceModel {
    /// The model as a ModelProto of only the fields that this type knows.
    var serialized: [UInt8] {
        var model = ProtobufWriter()
        for piece in pieces {
            var entry = ProtobufWriter()
            entry.append(1, content: Array(piece.text.utf8))
            entry.append(2, float: piece.score)
            entry.append(3, number: piece.kind.rawValue)
            model.append(1, content: entry.bytes)
        }
        var trainer = ProtobufWriter()
        trainer.append(3, number: algorithm.rawValue)
        trainer.append(24, number: treatsWhitespaceAsSuffix ? 1 : 0)
        trainer.append(35, number: usesByteFallback ? 1 : 0)
        model.append(2, content: trainer.bytes)
        var normalizer = ProtobufWriter()
        normalizer.append(2, content: characterMap)
        normalizer.append(3, number: addsDummyPrefix ? 1 : 0)
        normalizer.append(4, number: removesExtraWhitespaces ? 1 : 0)
        normalizer.append(5, number: escapesWhitespaces ? 1 : 0)
        model.append(3, content: normalizer.bytes)
        return model.bytes
    }
}

/// Writes protobuf fields, one after the other.
private struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ field: UInt64, number: UInt64) {
        append(varint: field << 3)
        append(varint: number)
    }

    mutating func append(_ field: UInt64, float number: Float) {
        append(varint: field << 3 | 5)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
        }
    }

    mutating func append(_ field: UInt64, content: [UInt8]) {
        append(varint: field << 3 | 2)
        append(varint: UInt64(content.count))
        bytes += content
    }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

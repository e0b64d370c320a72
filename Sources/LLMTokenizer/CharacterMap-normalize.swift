extension CharacterMap {
    /// Replaces what the map knows, as the normalizer `Precompiled` of `tokenizers` does: a short grapheme cluster by
    /// what its beginning stands for, otherwise each scalar by itself.
    /// What goes far past `limit` bytes is left out.
    func normalize(_ text: [UInt8], limit: Int) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        for character in String(decoding: text, as: UTF8.self) {
            if output.count > limit { break }
            let cluster = Array(character.utf8)
            if cluster.count < 6, let replacement = replacement(cluster[...]) {
                output += replacement
                continue
            }
            var position = 0
            while position < cluster.count {
                let end = position + UTF8Text.length(cluster[position])
                output += replacement(cluster[position..<end]) ?? cluster[position..<end]
                position = end
            }
        }
        return output
    }

    /// What the shortest rule says that `text` begins with.
    private func replacement(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var unit = 0
        for byte in text {
            if byte == 0 { return nil }
            let child = base(unit) ^ Int(byte)
            guard units.indices.contains(child), units[child] & 0x8000_00FF == UInt32(byte) else { return nil }
            unit = child
            if hasValue(unit) {
                let offset = Int(units[base(unit)] & 0x7FFF_FFFF)
                return replacements.dropFirst(offset).prefix { $0 != 0 }
            }
        }
        return nil
    }
}

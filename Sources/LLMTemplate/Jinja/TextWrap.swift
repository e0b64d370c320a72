/// Python's `textwrap`, for one paragraph, without expanding tabs and without replacing white space.
struct TextWrap {
    let width: Int
    let breaksLongWords: Bool
    let breaksOnHyphens: Bool

    /// The paragraph's lines, each at most `width` characters if its words allow it.
    func lines(_ text: String) -> [String] {
        var chunks = Array(self.chunks(Array(text.unicodeScalars)).reversed())
        var lines: [String] = []
        while !chunks.isEmpty {
            var line: [ArraySlice<Unicode.Scalar>] = []
            var length = 0
            if isSpace(chunks[chunks.count - 1]), !lines.isEmpty { chunks.removeLast() }
            while let chunk = chunks.last, length + chunk.count <= width {
                line.append(chunk)
                length += chunk.count
                chunks.removeLast()
            }
            if let chunk = chunks.last, chunk.count > width {
                takeLong(&chunks, &line, room: width - length)
                length = line.reduce(0) { $0 + $1.count }
            }
            if let last = line.last, isSpace(last) { line.removeLast() }
            if !line.isEmpty { lines.append(String(scalars: line.joined())) }
        }
        return lines
    }

    private func isSpace(_ chunk: ArraySlice<Unicode.Scalar>) -> Bool { chunk.allSatisfy(\.isPythonSpace) }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { 0x09...0x0D ~= scalar.value || scalar == " " }

    private func takeLong(
        _ chunks: inout [ArraySlice<Unicode.Scalar>], _ line: inout [ArraySlice<Unicode.Scalar>], room: Int
    ) {
        let chunk = chunks[chunks.count - 1]
        if breaksLongWords {
            let head = chunk.prefix(room)
            var end = head.endIndex
            if breaksOnHyphens, let hyphen = head.lastIndex(of: "-"), head[..<hyphen].contains(where: { $0 != "-" }) {
                end = hyphen + 1
            }
            line.append(chunk[..<end])
            chunks[chunks.count - 1] = chunk[end...]
        } else if line.isEmpty {
            line.append(chunk)
            chunks.removeLast()
        }
    }

    /// Words and the white space between them; words with hyphens are cut behind these.
    private func chunks(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var chunks: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        while start < text.count {
            let isSpace = Self.isSpace(text[start])
            let end = text[start...].firstIndex { Self.isSpace($0) != isSpace } ?? text.count
            if isSpace || !breaksOnHyphens {
                chunks.append(text[start..<end])
            } else {
                chunks += hyphenated(Array(text[start..<end]))
            }
            start = end
        }
        return chunks
    }

    /// The parts of a word: a hyphen ends one where two letters stand before it and one behind it, and a row of dashes
    /// between two word characters is one of its own.
    private func hyphenated(_ word: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var parts: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        var place = 0
        func at(_ index: Int) -> Unicode.Scalar? { word.indices.contains(index) ? word[index] : nil }
        func isLetter(_ scalar: Unicode.Scalar?) -> Bool {
            guard let scalar else { return false }
            return scalar.isPythonWord && !(scalar.properties.generalCategory == .decimalNumber)
        }
        func isWordPunctuation(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map { $0.isPythonWord || "!\"'&.,?".unicodeScalars.contains($0) } ?? false
        }
        while place < word.count {
            guard word[place] == "-" else {
                place += 1
                continue
            }
            let end = word[place...].firstIndex { $0 != "-" } ?? word.count
            if end - place >= 2 {
                if isWordPunctuation(at(place - 1)), at(end)?.isPythonWord ?? false {
                    if start < place { parts.append(word[start..<place]) }
                    parts.append(word[place..<end])
                    start = end
                }
                place = end
                continue
            }
            let isBehindLetters =
                isLetter(at(place - 1))
                && (isLetter(at(place - 2)) || (at(place - 2) == "-" && isLetter(at(place - 3))))
            let isBeforeLetters =
                isLetter(at(place + 1))
                && (isLetter(at(place + 2)) || (at(place + 2) == "-" && isLetter(at(place + 3))))
            if isBehindLetters, isBeforeLetters {
                parts.append(word[start...place])
                start = place + 1
            }
            place += 1
        }
        if start < word.count { parts.append(word[start...]) }
        return parts
    }
}

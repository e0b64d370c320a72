import LLMJSON

/// The merges of a file, until the vocabulary is known: `"a b"` or `["a", "b"]`.
struct MergeList: Sendable {
    private var bytes: [UInt8] = []
    /// For each merge: its start, its middle, and its end, which is the next one's start.
    private var starts: [Int] = [0]
    private var middles: [Int] = []

    var isEmpty: Bool { middles.isEmpty }

    mutating func read(_ reader: inout JSONReader) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            if case .array = try reader.kind() {
                try reader.beginArray()
                guard try reader.nextElement() else { throw Damage("a merge is no pair") }
                try reader.string(appendingTo: &bytes)
                middles.append(bytes.count)
                guard try reader.nextElement() else { throw Damage("a merge is no pair") }
                try reader.string(appendingTo: &bytes)
                guard try !reader.nextElement() else { throw Damage("a merge is no pair") }
                starts.append(bytes.count)
            } else {
                var text: [UInt8] = []
                try reader.string(appendingTo: &text)
                if !text.starts(with: "#version".utf8) { try append(text) }
            }
        }
    }

    /// Adds a merge that is written `a b`.
    mutating func append(_ text: [UInt8]) throws(Damage) {
        guard let space = text.firstIndex(of: 0x20), text.lastIndex(of: 0x20) == space else {
            throw Damage("merge \(middles.count + 1) does not consist of two tokens with a space between")
        }
        bytes += text[..<space]
        middles.append(bytes.count)
        bytes += text[(space + 1)...]
        starts.append(bytes.count)
    }

    func table(_ tokens: TokenTable, continuingPrefix: String) throws(Damage) -> MergeTable {
        var table = MergeTable(capacity: middles.count)
        let span = bytes.span
        let prefix = continuingPrefix.utf8.count
        for (rank, middle) in middles.enumerated() {
            let (start, end) = (starts[rank], starts[rank + 1])
            let merged: Int32?
            if prefix == 0 {
                merged = tokens.id(span.extracting(start..<end))
            } else {
                merged = tokens.id(Array(bytes[start..<middle]) + bytes[min(middle + prefix, end)..<end])
            }
            guard let left = tokens.id(span.extracting(start..<middle)),
                let right = tokens.id(span.extracting(middle..<end)), let id = merged
            else {
                throw Damage(
                    "merge \(rank + 1), \(String(decoding: bytes[start..<end], as: UTF8.self).quoted), has a part or "
                        + "a result that is not in the vocabulary")
            }
            table.insert(left, right, rank: UInt32(rank), id: id)
        }
        return table
    }
}

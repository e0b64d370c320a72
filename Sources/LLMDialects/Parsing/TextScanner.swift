/// Finds the first of several texts in bytes that come piece by piece.
struct TextScanner: Sendable {
    let texts: [[UInt8]]
    private let begins: [Bool]

    init(_ texts: [[UInt8]]) {
        self.texts = texts.filter { !$0.isEmpty }
        var begins = Array(repeating: false, count: 256)
        for text in self.texts { begins[Int(text[0])] = true }
        self.begins = begins
    }

    enum Finding: Equatable {
        /// None of them begins among the bytes.
        case none
        /// One may begin at `at`; what follows will tell.
        case partial(at: Int)
        /// The text at `index`, the longest that is there.
        case text(index: Int, at: Int)
    }

    func find(_ bytes: ByteQueue, from start: Int = 0, isFinal: Bool) -> Finding {
        var place = start
        while place < bytes.count {
            if begins[Int(bytes[place])] {
                var best: Int?
                var longestPartial = 0
                for (index, text) in texts.enumerated() where text[0] == bytes[place] {
                    switch bytes.match(text, at: place) {
                    case .yes:
                        if best.map({ texts[$0].count < text.count }) ?? true { best = index }
                    case .partial: longestPartial = max(longestPartial, text.count)
                    case .no: break
                    }
                }
                if !isFinal, longestPartial > (best.map { texts[$0].count } ?? 0) { return .partial(at: place) }
                if let best { return .text(index: best, at: place) }
            }
            place += 1
        }
        return .none
    }
}

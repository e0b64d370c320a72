import LLMJSON

/// How the spelling of a token becomes text: the `decoder` of a `tokenizer.json`, told token by token.
///
/// What a decoder does to the whole text (`Strip` behind `Fuse`) is in `rules`; a chain of decoders that needs more
/// than one token and its place at the beginning is refused, for a stream could not tell its text.
struct TokenDecoder: Sendable {
    private enum Step: Sendable {
        case replace(SplitPattern, [UInt8])
        case metaspace(Metaspace)
        case wordPiece(prefix: [UInt8], cleansUp: Bool)
        case suffix([UInt8])
        case strip(Unicode.Scalar, start: Int, stop: Int)
        case spaceBetween
    }

    private var steps: [Step] = []
    private var isByteLevel = false
    private var fallsBackToBytes = false
    private(set) var rules = DecodingRules()

    /// The decoder of a file that names none: tokens with spaces between them.
    init() {
        steps = [.spaceBetween]
        rules.hiddenTokensSeparate = false
    }

    /// The decoder of vocabularies that spell bytes as visible characters.
    static let byteLevel: TokenDecoder = {
        var decoder = TokenDecoder()
        decoder.steps = []
        decoder.isByteLevel = true
        decoder.rules.invalidBytes = .eachSequence
        return decoder
    }()

    /// The decoder of vocabularies with `▁` for spaces and `<0x..>` for bytes.
    static let byteFallback: TokenDecoder = {
        var decoder = TokenDecoder()
        decoder.steps = [.replace(.text(Array("\u{2581}".utf8)), [0x20])]
        decoder.fallsBackToBytes = true
        return decoder
    }()

    init(_ value: JSONValue) throws(Damage) {
        self.init()
        steps = []
        var isFused = false
        try read(value, &isFused)
    }

    private mutating func read(_ value: JSONValue, _ isFused: inout Bool) throws(Damage) {
        let fields = try PartFields(value, "decoder")
        let type = try fields.string("type")
        switch type {
        case "Sequence":
            for part in try fields.optional("decoders", .array) ?? [] { try read(part, &isFused) }
        case "Fuse": isFused = true
        case "Strip":
            let limit = 1 << 10
            let start = try fields.integer("start", in: 0...limit, default: 0)
            let stop = try fields.integer("stop", in: 0...limit, default: 0)
            let content = try fields.optional("content", .scalar) ?? " "
            if !isFused {
                steps.append(.strip(content, start: start, stop: stop))
            } else if content == " ", rules.leadingSpace == .keep, rules.trailingSpaces == 0 {
                if start > 0 { rules.leadingSpace = .strip(start) }
                rules.trailingSpaces = stop
            } else {
                throw Damage("a Strip of \(String(content).quoted) behind Fuse is not supported", code: .unsupported)
            }
        case "ByteFallback" where !isFused: fallsBackToBytes = true
        case "ByteLevel" where !isFused:
            isByteLevel = true
            isFused = true
            rules.invalidBytes = .eachSequence
        case "Replace":
            let pattern = try SplitPattern(PartFields(fields.field("pattern") ?? .null, "pattern of Replace"))
            if isFused, !Self.isOneScalar(pattern) {
                throw Damage("a Replace behind Fuse that looks for more than one character", code: .unsupported)
            }
            if isByteLevel { throw Damage("a Replace behind ByteLevel is not supported", code: .unsupported) }
            steps.append(.replace(pattern, Array(try fields.string("content").utf8)))
        case "Metaspace" where !isFused: steps.append(.metaspace(try Metaspace(fields)))
        case "WordPiece" where !isFused:
            steps.append(
                .wordPiece(
                    prefix: Array(try fields.string("prefix", default: "##").utf8),
                    cleansUp: try fields.flag("cleanup", default: true)))
        case "BPEDecoder" where !isFused:
            let suffix = try fields.string("suffix", default: "</w>")
            guard !suffix.isEmpty else { throw Damage("suffix of BPEDecoder is empty", code: .unsupported) }
            steps.append(.suffix(Array(suffix.utf8)))
            rules.trailingSpaces = 1
        default: throw Damage("the decoder \(type.quoted) is not supported at its place", code: .unsupported)
        }
    }

    private static func isOneScalar(_ pattern: SplitPattern) -> Bool {
        if case .text(let text) = pattern { text.count == UTF8Text.length(text[0]) } else { false }
    }

    /// What a token adds to a text.
    func text(of token: ArraySlice<UInt8>, isFirst: Bool) -> TokenText {
        if fallsBackToBytes, steps.allSatisfy({ if case .replace = $0 { true } else { false } }),
            let byte = ByteToken.byte(token)
        {
            return .byte(byte)
        }
        var text = Array(token)
        for step in steps { text = apply(step, text, isFirst) }
        if isByteLevel {
            var bytes: [UInt8] = []
            return .bytes(ByteLevelAlphabet.append(text[...], to: &bytes) ? bytes : text)
        }
        return .text(String(decoding: text, as: UTF8.self))
    }

    private func apply(_ step: Step, _ token: [UInt8], _ isFirst: Bool) -> [UInt8] {
        switch step {
        case .spaceBetween: return isFirst ? token : [0x20] + token
        case .replace(let pattern, let content):
            return Self.replace(pattern, content, in: token)
        case .metaspace(let metaspace):
            return Normalizer.map(token) { scalar, output in
                guard scalar == metaspace.replacement else {
                    output += UTF8.encode(scalar)!
                    return
                }
                if !isFirst || metaspace.prependScheme == .never { output.append(0x20) }
            }
        case .wordPiece(let prefix, let cleansUp):
            var text = token
            if !isFirst { text = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token }
            return cleansUp ? Self.cleanedUp(text) : text
        case .suffix(let suffix):
            return Self.replace(.text(suffix), [0x20], in: token)
        case .strip(let content, let start, let stop):
            var scalars = Substring(String(decoding: token, as: UTF8.self)).unicodeScalars
            for _ in 0..<start where scalars.first == content { scalars.removeFirst() }
            for _ in 0..<stop where scalars.last == content { scalars.removeLast() }
            return Array(Substring(scalars).utf8)
        }
    }

    /// A pattern that takes too long on a token of its own vocabulary leaves it as it is, and so does a replacement
    /// that would make a text of it that no token has.
    private static func replace(_ pattern: SplitPattern, _ content: [UInt8], in token: [UInt8]) -> [UInt8] {
        let limit = 1 << 16
        var steps = 100_000
        let text = try? Normalizer.replace(pattern, content, in: token, limit: limit, steps: &steps)
        return text.flatMap { $0.count > limit ? nil : $0 } ?? token
    }

    /// What `WordPiece` calls cleaning up: spaces in front of English punctuation and contractions go.
    private static func cleanedUp(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for (wrong, right) in [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
            (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ] {
            text = replace(.text(Array(wrong.utf8)), Array(right.utf8), in: text)
        }
        return text
    }
}

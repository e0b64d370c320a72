import Foundation
import LLMJSON

/// What is done to a text before it is cut: the `normalizer` of a `tokenizer.json`.
indirect enum Normalizer: Sendable {
    case sequence([Normalizer])
    case form(NormalizationForm)
    case lowercase
    case prepend([UInt8])
    case replace(SplitPattern, [UInt8])
    case strip(left: Bool, right: Bool)
    case stripAccents
    case nmt
    case bert(BertNormalizer)
    case byteLevel
    case precompiled(CharacterMap)

    init(_ value: JSONValue) throws(Damage) {
        let fields = try PartFields(value, "normalizer")
        switch try fields.string("type") {
        case "Sequence":
            var parts: [Normalizer] = []
            for part in try fields.optional("normalizers", .array) ?? [] { parts.append(try Normalizer(part)) }
            self = .sequence(parts)
        case "NFC": self = .form(.nfc)
        case "NFD": self = .form(.nfd)
        case "NFKC": self = .form(.nfkc)
        case "NFKD": self = .form(.nfkd)
        case "Lowercase": self = .lowercase
        case "Prepend": self = .prepend(Array(try fields.string("prepend").utf8))
        case "Replace":
            let pattern = try SplitPattern(PartFields(fields.field("pattern") ?? .null, "pattern of Replace"))
            self = .replace(pattern, Array(try fields.string("content").utf8))
        case "Strip":
            self = .strip(
                left: try fields.flag("strip_left", default: true), right: try fields.flag("strip_right", default: true)
            )
        case "StripAccents": self = .stripAccents
        case "Nmt": self = .nmt
        case "BertNormalizer": self = .bert(try BertNormalizer(fields))
        case "ByteLevel": self = .byteLevel
        case "Precompiled":
            guard let text = try fields.optional("precompiled_charsmap", .text), let bytes = Data(base64Encoded: text)
            else {
                throw Damage("precompiled_charsmap is not in base64")
            }
            self = .precompiled(try CharacterMap(checked: Array(bytes)))
        case let type: throw Damage("the normalizer \(type.quoted) is not supported", code: .unsupported)
        }
    }

    /// Longer than this no normalized text may become, in bytes.
    private static let limit = 4 * PipelineTokenizer.maximumTextBytes

    static func checkLength(_ text: [UInt8]) throws(Damage) {
        guard text.count <= limit else {
            throw Damage("normalizing makes more than \(limit) bytes of it", code: .encodingFailed)
        }
    }

    /// Normalizes UTF-8 text.
    ///
    /// - Parameter steps: how many steps regular expressions may take for long matches, less those that they take.
    /// - Throws: where they would take more, or the text becomes too long.
    func normalize(_ text: [UInt8], steps: inout Int) throws(Damage) -> [UInt8] {
        var output = text
        switch self {
        case .sequence(let parts): for part in parts { output = try part.normalize(output, steps: &steps) }
        case .form(let form): output = form.normalize(text)
        case .lowercase: output = Self.lowercased(text)
        case .prepend(let prefix): if !text.isEmpty { output = prefix + text }
        case .replace(let pattern, let content):
            output = try Self.replace(pattern, content, in: text, limit: Self.limit, steps: &steps)
        case .strip(let left, let right): output = Self.stripped(text, left, right)
        case .stripAccents: output = Self.filtered(text) { !CharacterClasses.mark.contains($0) }
        case .nmt: output = Self.nmt(text)
        case .bert(let bert): output = bert.normalize(text)
        case .byteLevel: output = text.flatMap { ByteLevelAlphabet.spellings[Int($0)] }
        case .precompiled(let map): output = map.normalize(text, limit: Self.limit)
        }
        try Self.checkLength(output)
        return output
    }

    /// `text` with `content` for each match of `pattern`; what goes past `limit` is left out.
    static func replace(
        _ pattern: SplitPattern, _ content: [UInt8], in text: [UInt8], limit: Int, steps: inout Int
    ) throws(Damage) -> [UInt8] {
        if text.isEmpty { return text }
        var output: [UInt8] = []
        var end = 0
        try pattern.forEachMatch(in: text, 0..<text.count, steps: &steps) { match in
            if output.count > limit { return }
            output += text[end..<match.lowerBound]
            output += content
            end = match.upperBound
        }
        return end == 0 && output.isEmpty ? text : output + text[end...]
    }

    static func lowercased(_ text: [UInt8]) -> [UInt8] {
        map(text) { scalar, output in
            if scalar.isASCII {
                let byte = UInt8(scalar.value)
                output.append(0x41...0x5A ~= byte ? byte + 0x20 : byte)
            } else {
                output += scalar.properties.lowercaseMapping.utf8
            }
        }
    }

    static func filtered(_ text: [UInt8], _ isKept: (Unicode.Scalar) -> Bool) -> [UInt8] {
        map(text) { scalar, output in if isKept(scalar) { output += UTF8.encode(scalar)! } }
    }

    /// What `transform` appends for each scalar.
    static func map(_ text: [UInt8], _ transform: (Unicode.Scalar, inout [UInt8]) -> Void) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let (scalar, length) = UTF8Text.scalar(text, at: position)
            transform(scalar, &output)
            position += length
        }
        return output
    }

    private static func stripped(_ text: [UInt8], _ left: Bool, _ right: Bool) -> [UInt8] {
        var scalars = Substring(String(decoding: text, as: UTF8.self)).unicodeScalars
        while left, let first = scalars.first, UnicodeSets.space.contains(first) { scalars.removeFirst() }
        while right, let last = scalars.last, UnicodeSets.space.contains(last) { scalars.removeLast() }
        return Array(Substring(scalars).utf8)
    }

    private static func nmt(_ text: [UInt8]) -> [UInt8] {
        map(text) { scalar, output in
            switch scalar.value {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
                output.append(0x20)
            default: output += UTF8.encode(scalar)!
            }
        }
    }
}

/// The normalizer of BERT.
struct BertNormalizer: Sendable {
    private let cleansText: Bool
    private let separatesIdeographs: Bool
    private let stripsAccents: Bool
    private let lowercases: Bool

    init(_ fields: PartFields) throws(Damage) {
        cleansText = try fields.flag("clean_text", default: true)
        separatesIdeographs = try fields.flag("handle_chinese_chars", default: true)
        lowercases = try fields.flag("lowercase", default: true)
        stripsAccents = try fields.flag("strip_accents", default: lowercases)
    }

    func normalize(_ text: [UInt8]) -> [UInt8] {
        var text = text
        if cleansText { text = Normalizer.map(text, Self.clean) }
        if separatesIdeographs {
            text = Normalizer.map(text) { scalar, output in
                let isIdeograph = Self.ideographs.contains(scalar)
                if isIdeograph { output.append(0x20) }
                output += UTF8.encode(scalar)!
                if isIdeograph { output.append(0x20) }
            }
        }
        if stripsAccents {
            text = NormalizationForm.nfd.normalize(text)
            text = Normalizer.filtered(text) { !CharacterClasses.nonspacingMark.contains($0) }
        }
        return lowercases ? Normalizer.lowercased(text) : text
    }

    private static func clean(_ scalar: Unicode.Scalar, _ output: inout [UInt8]) {
        switch scalar {
        case "\0", "\u{FFFD}": break
        case "\t", "\n", "\r": output.append(0x20)
        default:
            if CharacterClasses.other.contains(scalar) { break }
            if UnicodeSets.space.contains(scalar) { output.append(0x20) } else { output += UTF8.encode(scalar)! }
        }
    }

    private static let ideographs = ScalarSet([
        0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
        0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F,
    ])
}

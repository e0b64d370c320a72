/// The little of HTML and addresses that filters need.
enum MarkupText {
    /// The text without tags and comments, with single spaces, and with the entities that markupsafe writes undone.
    static func withoutTags(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var kept: [Unicode.Scalar] = []
        var place = 0
        while place < scalars.count {
            guard scalars[place] == "<" else {
                kept.append(scalars[place])
                place += 1
                continue
            }
            let isComment = scalars[place...].starts(with: "<!--".unicodeScalars)
            guard let end = isComment ? commentEnd(scalars, from: place + 4) : tagEnd(scalars, from: place) else {
                kept += scalars[place...]
                break
            }
            place = end
        }
        return unescaped(PythonText.words(String(scalars: kept)).joined(separator: " "))
    }

    private static func tagEnd(_ scalars: [Unicode.Scalar], from start: Int) -> Int? {
        scalars[start...].firstIndex(of: ">").map { $0 + 1 }
    }

    private static func commentEnd(_ scalars: [Unicode.Scalar], from start: Int) -> Int? {
        var place = start
        while place + 2 < scalars.count {
            if scalars[place] == "-", scalars[place + 1] == "-", scalars[place + 2] == ">" { return place + 3 }
            place += 1
        }
        return nil
    }

    private static func unescaped(_ text: String) -> String {
        var result = text
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", "\""), ("&quot;", "\""), ("&nbsp;", "\u{A0}"),
            ("&amp;", "&"),
        ] {
            result = PythonText.replacing(result, entity, with: character, limit: -1)
        }
        return result
    }

    /// The text's bytes, those that addresses reserve as `%XX`; in a query's part, a space becomes `+`.
    static func percentEncoded(_ text: String, keepsSlashes: Bool) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "~"):
                result.append(byte)
            case UInt8(ascii: "/") where keepsSlashes: result.append(byte)
            case UInt8(ascii: " ") where !keepsSlashes: result.append(UInt8(ascii: "+"))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += Array(((byte < 16 ? "%0" : "%") + digits).utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

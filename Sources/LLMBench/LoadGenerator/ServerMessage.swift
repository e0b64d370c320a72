import Foundation

/// What a server says of an error, as one short line.
enum ServerMessage {
    private struct Body: Decodable {
        struct Fields: Decodable { let message: String }
        let error: Fields
    }

    /// OpenAI's `error.message`, or the beginning of what is there instead.
    static func text(_ bytes: [UInt8]) -> String {
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(bytes)) else { return excerpt(bytes) }
        return excerpt(Array(body.error.message.utf8))
    }

    /// The beginning of a text, without line breaks and control characters.
    static func excerpt(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(300), as: UTF8.self)
        let line = String(text.map { $0.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } ? $0 : " " })
        return line.isEmpty ? "(no text)" : bytes.count > 300 ? line + "…" : line
    }
}

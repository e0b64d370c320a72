import Foundation
public import LLMGen

/// Those who may ask, each by a secret key, with a name that logs and limits know them by.
///
/// Keys are compared in a time that does not depend on where they differ, and printed nowhere.
public struct APIKeys: Sendable {
    struct Key: Sendable {
        let name: String
        let secret: [UInt8]
    }

    private var keys: [Key] = []

    /// Whether there is none, so that anybody may ask.
    public var isEmpty: Bool { keys.isEmpty }
    /// The names, in the order of the keys.
    public var names: [String] { keys.map(\.name) }

    /// No keys.
    public init() {}

    /// Keys written as `name:secret` or as `secret` alone, which are named `key-1`, `key-2` and so on by their place.
    ///
    /// - Throws: ``LLMGenError`` `invalidArgument` for a key that is empty, longer than 512 bytes or not of visible ASCII
    ///   characters, or for a name that comes twice. It does not repeat the key.
    public init(_ texts: [String]) throws(LLMGenError) {
        for text in texts { try append(text) }
    }

    /// The keys of a file, one a line; empty lines and those that begin with `#` are skipped.
    ///
    /// - Throws: ``LLMGenError`` `notFound`, or as ``init(_:)``.
    public static func lines(of path: String) throws(LLMGenError) -> [String] {
        let limit = 1 << 20
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: limit + 1) ?? Data(), let text = String(data: data, encoding: .utf8)
        else {
            throw LLMGenError(code: .notFound, message: "cannot read the API keys of '\(path)'; give a text file")
        }
        guard text.utf8.count <= limit else {
            throw LLMGenError(code: .invalidInput, message: "'\(path)' has more than \(limit) bytes of API keys")
        }
        return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    }

    private mutating func append(_ text: String) throws(LLMGenError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count == 2 && !parts[0].isEmpty ? String(parts[0]) : "key-\(keys.count + 1)"
        let secret = Array((parts.count == 2 && !parts[0].isEmpty ? parts[1] : text[...]).utf8)
        guard (1...512).contains(secret.count), secret.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw LLMGenError(
                code: .invalidArgument,
                message:
                    "API key \(keys.count + 1) has \(secret.count) bytes or characters that a header cannot carry; "
                    + "use 1 to 512 visible ASCII characters")
        }
        guard !keys.contains(where: { $0.name == name }) else {
            throw LLMGenError(
                code: .invalidArgument, message: "two API keys have the name '\(name)'; give each a name of its own")
        }
        keys.append(Key(name: name, secret: secret))
    }

    /// The name of the key that `candidate` is; nil if it is none. Every key is looked at in full.
    package func name(of candidate: some Collection<UInt8>) -> String? {
        let candidate = Array(candidate)
        var found: String?
        for key in keys where APIKeys.areEqual(key.secret, candidate) { found = key.name }
        return found
    }

    private static func areEqual(_ secret: [UInt8], _ candidate: [UInt8]) -> Bool {
        var difference = secret.count ^ candidate.count
        for index in candidate.indices { difference |= Int(secret[index % secret.count] ^ candidate[index]) }
        return difference == 0
    }
}

/// What the data of one streamed event says, read in one pass over its bytes.
package struct StreamEvent: Hashable, Sendable {
    /// Whether it is `[DONE]`, the last one.
    package var isDone = false
    /// Whether it has a choice, so that it is an output.
    package var hasChoice = false
    /// Whether it is an error.
    package var isError = false
    /// Tokens of the prompt, where the event has a usage.
    package var promptTokens: Int?
    /// Tokens generated, where the event has a usage.
    package var completionTokens: Int?
    /// Tokens of the prompt that came from a prefix cache, where the usage tells.
    package var cachedTokens: Int?

    private enum Member { case other, choices, usage, error }

    /// Reads the event; nil for what is neither `[DONE]` nor one JSON object whose brackets close.
    package init?(_ data: Span<UInt8>) {
        if data.equals("[DONE]") {
            isDone = true
            return
        }
        var (position, depth, member) = (0, 0, Member.other)
        // Whether a string that begins now is a member's name.
        var isName = false
        var isComplete = false
        while position < data.count {
            let byte = data[position]
            guard !isComplete || byte.isJSONSpace else { return nil }
            guard depth > 0 || isComplete || byte == UInt8(ascii: "{") || byte.isJSONSpace else { return nil }
            switch byte {
            case UInt8(ascii: "\""):
                let start = position + 1
                guard let end = data.endOfString(from: start) else { return nil }
                position = end
                if isName {
                    isName = false
                    read(name: data.extracting(start..<end), in: data, at: end + 1, depth, &member)
                }
            case UInt8(ascii: "{"):
                depth += 1
                isName = true
            case UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                isName = false
                if depth == 0 { isComplete = true }
            case UInt8(ascii: ","):
                // In an array this takes a string for a name, which is one only where a colon follows.
                isName = true
            default: break
            }
            position += 1
        }
        guard isComplete else { return nil }
    }

    private mutating func read(
        name: Span<UInt8>, in data: Span<UInt8>, at end: Int, _ depth: Int, _ member: inout Member
    ) {
        guard let colon = data.firstNonSpace(from: end), data[colon] == UInt8(ascii: ":"),
            let value = data.firstNonSpace(from: colon + 1)
        else { return }
        if depth == 1 {
            member = .other
            if name.equals("choices") {
                member = .choices
                let first = data.firstNonSpace(from: value + 1)
                hasChoice = data[value] == UInt8(ascii: "[") && first.map { data[$0] != UInt8(ascii: "]") } ?? false
            } else if name.equals("usage") {
                member = .usage
            } else if name.equals("error") {
                isError = data[value] != UInt8(ascii: "n")
            }
        } else if member == .usage {
            if depth == 2, name.equals("prompt_tokens") {
                promptTokens = data.integer(from: value)
            } else if depth == 2, name.equals("completion_tokens") {
                completionTokens = data.integer(from: value)
            } else if depth == 3, name.equals("cached_tokens") {
                cachedTokens = data.integer(from: value)
            }
        }
    }
}

extension UInt8 {
    fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}

extension Span<UInt8> {
    fileprivate func equals(_ text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        var position = 0
        for byte in text.utf8 {
            guard self[position] == byte else { return false }
            position += 1
        }
        return true
    }

    /// The place of the quote that ends the string whose text begins at `start`.
    fileprivate func endOfString(from start: Int) -> Int? {
        var position = start
        while position < count {
            if self[position] == UInt8(ascii: "\"") { return position }
            position += self[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    fileprivate func firstNonSpace(from start: Int) -> Int? {
        var position = start
        while position < count {
            guard self[position].isJSONSpace else { return position }
            position += 1
        }
        return nil
    }

    /// The digits at `start` as a number; nil where there are none or too many.
    fileprivate func integer(from start: Int) -> Int? {
        var (position, value) = (start, 0)
        while position < count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self[position]) {
            guard value < 1 << 50 else { return nil }
            value = value * 10 + Int(self[position] - UInt8(ascii: "0"))
            position += 1
        }
        return position > start ? value : nil
    }
}

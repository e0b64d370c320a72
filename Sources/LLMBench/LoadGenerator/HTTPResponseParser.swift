/// Reads HTTP/1.1 responses (RFC 9112) from the pieces in which a connection delivers them, however they are cut.
///
/// It copies nothing of a body: it says which bytes of the piece at hand belong to it. The memory it takes is bounded:
/// a head may have 64 KiB.
package struct HTTPResponseParser {
    /// What comes next in the bytes.
    package enum Item: Hashable, Sendable {
        /// The status and the headers are read.
        case head(Head)
        /// These bytes of the piece are the body's.
        case body(Range<Int>)
        /// The response is complete.
        case end
    }

    /// What of a head is of use here.
    package struct Head: Hashable, Sendable {
        package var status: Int
        /// The value of `Retry-After`.
        package var retryAfter: String?
        /// Whether the server keeps the connection open for another request.
        package var keepsAlive: Bool
    }

    /// Bytes that are no HTTP/1.1 response.
    package struct Malformed: Error, Hashable, Sendable {
        package let reason: String
    }

    static let headLimit = 65536

    private enum State {
        case statusLine, headers
        case length(Int)
        case untilClose
        case chunkSize(Int?)
        case chunkExtension(Int)
        case chunk(Int)
        case chunkEnd
        case trailers
        case end
    }

    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headBytes = 0
    private var head = Head(status: 0, retryAfter: nil, keepsAlive: true)
    private var contentLength: Int?
    private var isChunked = false

    package init() {}

    /// Whether no byte of a response has come yet.
    package var isAtStart: Bool {
        if case .statusLine = state { headBytes == 0 } else { false }
    }

    /// The next item in `bytes` from `position` on, which moves past it; nil when more bytes are needed.
    ///
    /// - Throws: ``Malformed``, after which the connection is of no use.
    package mutating func next(in bytes: Span<UInt8>, from position: inout Int) throws(Malformed) -> Item? {
        while true {
            switch state {
            case .statusLine:
                guard try readLine(bytes, &position) else { return nil }
                try beginHead()
                state = .headers
            case .headers:
                guard try readLine(bytes, &position) else { return nil }
                guard line.isEmpty else {
                    try addHeader()
                    continue
                }
                // An interim response (RFC 9110, 15.2) announces the one that counts.
                guard head.status >= 200 else {
                    reset()
                    continue
                }
                state = try bodyState()
                return .head(head)
            case .trailers:
                guard try readLine(bytes, &position) else { return nil }
                if line.isEmpty { state = .end }
            case .end:
                reset()
                return .end
            case .untilClose:
                return takeBody(bytes, &position, limit: .max).map { .body($0) }
            case .length(let left):
                guard let range = takeBody(bytes, &position, limit: left) else { return nil }
                state = left == range.count ? .end : .length(left - range.count)
                return .body(range)
            case .chunk(let left):
                guard let range = takeBody(bytes, &position, limit: left) else { return nil }
                state = left == range.count ? .chunkEnd : .chunk(left - range.count)
                return .body(range)
            case .chunkSize, .chunkExtension, .chunkEnd:
                guard position < bytes.count else { return nil }
                try readFraming(bytes[position])
                position += 1
            }
        }
    }

    /// The connection was closed: whether that ends the response, as it does where its head gave no length.
    package mutating func close() -> Bool {
        guard case .untilClose = state else { return false }
        reset()
        return true
    }

    private mutating func reset() {
        state = .statusLine
        headBytes = 0
        head = Head(status: 0, retryAfter: nil, keepsAlive: true)
        contentLength = nil
        isChunked = false
    }

    private func takeBody(_ bytes: Span<UInt8>, _ position: inout Int, limit: Int) -> Range<Int>? {
        guard position < bytes.count else { return nil }
        let range = position..<(position + min(limit, bytes.count - position))
        position = range.upperBound
        return range
    }

    // MARK: Head

    /// Fills `line` up to a line's end; false where that has not come yet.
    private mutating func readLine(_ bytes: Span<UInt8>, _ position: inout Int) throws(Malformed) -> Bool {
        // The line before ended with the piece, or was taken.
        if isLineTaken { line.removeAll(keepingCapacity: true) }
        isLineTaken = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            headBytes += 1
            guard headBytes <= Self.headLimit else {
                throw Malformed(reason: "its head is longer than \(Self.headLimit) bytes")
            }
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                isLineTaken = true
                return true
            }
            line.append(byte)
        }
        return false
    }

    private var isLineTaken = false

    private mutating func beginHead() throws(Malformed) {
        // HTTP/1.1 200 OK
        let text = String(decoding: line.prefix(64), as: UTF8.self)
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0", parts[1].utf8.count == 3,
            let status = Int(parts[1]), (100...599).contains(status)
        else { throw Malformed(reason: "it begins with '\(printable(text))'") }
        head.status = status
        head.keepsAlive = parts[0] == "HTTP/1.1"
    }

    private mutating func addHeader() throws(Malformed) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else {
            throw Malformed(
                reason: "a header line is '\(printable(String(decoding: line.prefix(64), as: UTF8.self)))'")
        }
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let value = line[(colon + 1)...].drop(while: isSpace)
        let text = String(decoding: value.reversed().drop(while: isSpace).reversed(), as: UTF8.self)
        switch String(decoding: line[..<colon], as: UTF8.self).lowercased() {
        case "content-length":
            guard let length = Int(text), length >= 0, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
                contentLength == nil || contentLength == length
            else { throw Malformed(reason: "its content-length is '\(printable(text))'") }
            contentLength = length
        case "transfer-encoding":
            guard text.lowercased() == "chunked", !isChunked else {
                throw Malformed(reason: "its transfer-encoding is '\(printable(text))', not 'chunked'")
            }
            isChunked = true
        case "connection":
            let options = text.lowercased().split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
            if options.contains("close") { head.keepsAlive = false }
            if options.contains("keep-alive") { head.keepsAlive = true }
        case "retry-after": head.retryAfter = text
        default: break
        }
    }

    private mutating func bodyState() throws(Malformed) -> State {
        guard !isChunked || contentLength == nil else {
            throw Malformed(reason: "it has both a content-length and a transfer-encoding")
        }
        if head.status == 204 || head.status == 304 { return .end }
        if isChunked { return .chunkSize(nil) }
        if let contentLength { return contentLength == 0 ? .end : .length(contentLength) }
        head.keepsAlive = false
        return .untilClose
    }

    // MARK: Chunks

    private mutating func readFraming(_ byte: UInt8) throws(Malformed) {
        switch state {
        case .chunkSize(let size):
            if let digit = hexadecimal(byte) {
                guard (size ?? 0) < 1 << 40 else { throw Malformed(reason: "a chunk's size is over 2^40 bytes") }
                state = .chunkSize((size ?? 0) << 4 | digit)
            } else if let size, byte == UInt8(ascii: "\n") {
                beginChunk(size)
            } else if let size, byte == UInt8(ascii: "\r") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") {
                headBytes = 0
                state = .chunkExtension(size)
            } else {
                throw Malformed(reason: "a chunk's size has the byte \(byte)")
            }
        case .chunkExtension(let size):
            headBytes += 1
            guard headBytes <= Self.headLimit else {
                throw Malformed(reason: "a chunk's extension is longer than \(Self.headLimit) bytes")
            }
            if byte == UInt8(ascii: "\n") { beginChunk(size) }
        default:
            if byte == UInt8(ascii: "\n") {
                state = .chunkSize(nil)
            } else if byte != UInt8(ascii: "\r") {
                throw Malformed(reason: "a chunk goes on past its size with the byte \(byte)")
            }
        }
    }

    private mutating func beginChunk(_ size: Int) {
        headBytes = 0
        state = size == 0 ? .trailers : .chunk(size)
    }

    private func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    private func printable(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.isASCII && $0.value >= 32 && $0.value != 127 ? Character($0) : "?" })
    }
}

import LLMBench
import LLMTestSupport
import Testing

/// The bytes of HTTP and of events, however they are cut.
@Suite struct LoadGeneratorParserTests {
    /// What a parser makes of `pieces`, one item a word.
    private func items(_ pieces: [[UInt8]]) throws -> [String] {
        var parser = HTTPResponseParser()
        var items: [String] = []
        var body = ""
        for piece in pieces {
            var position = 0
            while let item = try parser.next(in: piece.span, from: &position) {
                switch item {
                case .head(let head):
                    items.append("\(head.status) \(head.keepsAlive) \(head.retryAfter ?? "-")")
                case .body(let range): body += String(decoding: piece[range], as: UTF8.self)
                case .end:
                    items.append("'\(body)'")
                    body = ""
                }
            }
        }
        if parser.close() { items.append("'\(body)' at the close") }
        return items
    }

    static let responses: [(String, [String])] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ["200 true -", "'hello'"]),
        ("HTTP/1.1 200 \r\ncontent-length:0\r\n\r\n", ["200 true -", "''"]),
        ("HTTP/1.1 200\n\nall the rest", ["200 false -", "'all the rest' at the close"]),
        (
            "HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\nConnection: Close\r\nContent-Length: 2\r\n\r\nno",
            ["429 false 7", "'no'"]
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00A;x=y\r\n, my world\r\n0\r\nX: y\r\n\r\n",
            ["200 true -", "'hello, my world'"]
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", ["204 true -", "''"]),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", ["200 false -", "'x'"]),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", ["200 true -", "'x'"]),
        (
            "HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny",
            ["503 true -", "'x'", "200 true -", "'y'"]
        ),
    ]

    @Test(arguments: responses.indices)
    func `A response is read whole, byte by byte, and cut anywhere`(index: Int) throws {
        let (text, expected) = LoadGeneratorParserTests.responses[index]
        let bytes = Array(text.utf8)
        #expect(try items([bytes]) == expected)
        #expect(try items(bytes.map { [$0] }) == expected)
        for cut in bytes.indices { #expect(try items([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected) }
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH\r\n", "SSH"), ("\u{16}\u{3}\u{1}\n", "begins"), ("HTTP/2 200 OK\r\n", "HTTP/2"),
        ("HTTP/1.1 2000 OK\r\n", "2000"), ("HTTP/1.1 +20 OK\r\n", "+20"),
        ("HTTP/1.1 200 OK\r\nno colon\r\n", "no colon"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", "-1"), ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n", "+1"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n", "9999"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n", "content-length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n", "gzip"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz", "chunk"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "chunk"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc", "past its size"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "2^40"),
        ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000), "65536"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + String(repeating: "x", count: 70_000),
            "65536"
        ),
    ])
    func `What is no HTTP is refused, with the reason`(text: String, word: String) {
        let bytes = Array(text.utf8)
        for pieces in [[bytes], bytes.map { [$0] }] {
            #expect { try items(pieces) } throws: { error in
                (error as? HTTPResponseParser.Malformed)?.reason.contains(word) ?? false
            }
        }
    }

    /// How far a piece is read, and how many bytes of it are a body's.
    private func read(_ piece: [UInt8], by parser: inout HTTPResponseParser) throws -> (position: Int, body: Int) {
        var (position, body) = (0, 0)
        while let item = try parser.next(in: piece.span, from: &position) {
            if case .body(let range) = item { body += range.count }
        }
        return (position, body)
    }

    @Test func `Random bytes in random pieces neither trap nor hang`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let pool = Array("HTTP/1.1 200 OK\r\n\r\ncontent-length: 3 transfer-encoding: chunked 0123abc;\u{0}é".utf8)
        for _ in 0..<2000 {
            var bytes = Array("HTTP/1.1 200 OK\r\n".utf8.prefix(Int.random(in: 0...17, using: &random)))
            for _ in 0..<Int.random(in: 0..<120, using: &random) { bytes.append(pool.randomElement(using: &random)!) }
            var parser = HTTPResponseParser()
            var bodies = 0
            while !bytes.isEmpty {
                let piece = Array(bytes.prefix(Int.random(in: 1...40, using: &random)))
                bytes.removeFirst(piece.count)
                guard let (position, body) = try? read(piece, by: &parser) else { break }
                #expect(position == piece.count, "seed \(seed)")
                bodies += body
            }
            #expect(bodies <= 137, "seed \(seed)")
        }
    }

    /// The data lines of a stream, cut into `pieces`.
    private func data(_ pieces: [[UInt8]]) throws -> [String] {
        var parser = EventStreamParser()
        var lines: [String] = []
        for piece in pieces {
            try parser.read(piece.span, 0..<piece.count, into: &lines) { lines, data in
                lines.append(String(decoding: data.indices.map { data[$0] }, as: UTF8.self))
                return true
            }
        }
        return lines
    }

    @Test func `Data lines are taken out of a stream, whatever ends them and wherever it is cut`() throws {
        let text =
            ": keep-alive\n\ndata: one\n\ndata:two\r\n\r\nevent: x\rdata:  three é\r\rdata\ndataset: no\nid: 4\ndata: \n"
            + "data: never ends"
        let expected = ["one", "two", " three é", ""]
        let bytes = Array(text.utf8)
        #expect(try data([bytes]) == expected)
        #expect(try data(bytes.map { [$0] }) == expected)
        for cut in bytes.indices { #expect(try data([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected) }
    }

    @Test func `A reader that has enough is given no more`() throws {
        var parser = EventStreamParser()
        var count = 0
        let bytes = Array("data: 1\ndata: 2\ndata: 3\n".utf8)
        try parser.read(bytes.span, 0..<bytes.count, into: &count) { count, _ in
            count += 1
            return count < 2
        }
        #expect(count == 2)
    }

    @Test func `A line without end is refused before it takes the memory`() {
        var parser = EventStreamParser()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var nothing: Void = ()
        #expect(throws: EventStreamParser.LineTooLong.self) {
            for _ in 0..<17 { try parser.read(piece.span, 0..<piece.count, into: &nothing) { _, _ in true } }
        }
    }

    private func event(_ text: String) -> StreamEvent? {
        let bytes = Array(text.utf8)
        return StreamEvent(bytes.span)
    }

    @Test func `An event's choice, usage and error are seen at its top level only`() {
        #expect(event("[DONE]")?.isDone == true)
        #expect(event(#"{"choices":[{"text":"a"}]}"#)?.hasChoice == true)
        #expect(event(#" { "x" : [1, {"choices": [2]}] , "choices" : [ ] } "#)?.hasChoice == false)
        #expect(event(#"{"choices":[{"text":"\"error\":1,\\"}],"usage":null}"#)?.isError == false)
        #expect(event(#"{"error":{"message":"m"}}"#)?.isError == true)
        #expect(event(#"{"error":null,"choices":[]}"#)?.isError == false)
        #expect(event(#"{"choices":[{"error":1,"usage":{"prompt_tokens":4}}]}"#)?.isError == false)
        #expect(event(#"{"choices":[{"error":1,"usage":{"prompt_tokens":4}}]}"#)?.promptTokens == nil)
        let usage = event(
            #"{"usage":{"prompt_tokens":12,"x":["prompt_tokens",{"completion_tokens":1}],"prompt_tokens_details":"#
                + #"{"cached_tokens":8}, "completion_tokens" : 34},"choices":[]}"#)
        #expect(usage?.promptTokens == 12 && usage?.completionTokens == 34 && usage?.cachedTokens == 8)
        #expect(event(#"{"usage":{"prompt_tokens":99999999999999999999,"completion_tokens":-1}}"#)?.promptTokens == nil)
    }

    @Test(arguments: [
        "", "null", "[]", "{", "}", "{\"a\":1", "{\"a", "{\"a\\", "{}{}", "{}x", "x{}", "\"{}\"", "[DONE", "[DONE]]",
    ])
    func `What is no JSON object is no event`(text: String) {
        #expect(event(text) == nil)
    }

    @Test func `Random JSON-like bytes neither trap nor hang`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let words = [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\"choices\"", "\"usage\"", "\"prompt_tokens\"", "1", " ",
            "\"error\"",
        ]
        var objects = 0
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in words.randomElement(using: &random)! }
            if event("{" + text.joined()) != nil { objects += 1 }
        }
        #expect(objects > 0, "seed \(seed)")
    }
}

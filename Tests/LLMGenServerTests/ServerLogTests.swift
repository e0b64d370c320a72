import Foundation
import LLMGenServer
import LLMJSON
import Logging
import Synchronization
import Testing

@Suite struct ServerLogTests {
    private final class Lines: Sendable {
        let text = Mutex("")
    }

    private func line(_ format: LogFormat, _ log: (Logger) -> Void) -> String {
        let lines = Lines()
        let logger = Logger(label: "test") { label in
            LineLogHandler(label: label, format: format, level: .info) { data in
                lines.text.withLock { $0 += String(decoding: data, as: UTF8.self) }
            }
        }
        log(logger)
        return lines.text.withLock { $0 }
    }

    @Test func `A text line is one line, whatever it says`() {
        let text = line(.text) { $0.info("two\nlines", metadata: ["b": "x y", "a": "1", "c": "a\nb", "d": ""]) }
        #expect(text.contains(/^\S+ info two lines a=1 b="x y" c="a\\nb" d=""\n$/))
    }

    @Test func `A JSON line is an object`() throws {
        let text = line(.json) { $0.warning("why", metadata: ["a": "\"\n"]) }
        guard case .object(let members) = try JSONValue(Array(text.utf8)) else {
            Issue.record("\(text)")
            return
        }
        #expect(members["level"] == .string("warning") && members["message"] == .string("why"))
        #expect(members["a"] == .string("\"\n") && members["logger"] == .string("test") && members["time"] != nil)
    }

    @Test func `What is below the level is not written`() {
        #expect(line(.text) { $0.debug("nothing") }.isEmpty)
    }
}

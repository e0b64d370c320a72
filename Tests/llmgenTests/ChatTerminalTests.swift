import Foundation
import LLMTestSupport
import Testing

@Suite struct ChatTerminalTests {
    private static let answered = "of them cached"

    @Test func `In a terminal lines are edited, and older ones come back`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "c.json")
            let terminal = try PseudoTerminal(["chat", "--temperature", "0", "--max-tokens", "4"])
            try terminal.wait(for: "> ")
            try terminal.type("nce upon a tame\u{1}O\u{5}\u{1B}[D\u{1B}[D\u{7F}i\r")
            try terminal.wait(for: ChatTerminalTests.answered)
            try terminal.type("thrown away\u{3}")
            try terminal.wait(for: "^C")
            try terminal.type("\u{1B}[A!\r")
            try terminal.wait(for: ChatTerminalTests.answered, count: 2)
            try terminal.type("/save \(file.path)\r")
            try terminal.wait(for: "saved in")
            try terminal.type("\u{4}")
            #expect(try terminal.finish() == 0)
            let saved = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            #expect(saved.contains("\"Once upon a time\"") && saved.contains("\"Once upon a time!\""), "\(saved)")
            #expect(!saved.contains("thrown") && terminal.echoes)
        }
    }

    @Test func `An interrupt during an answer leaves the session, one from outside the terminal as it was`() throws {
        let terminal = try PseudoTerminal([
            "chat", "--temperature", "0", "--ignore-eos", "--max-tokens", "900", "--cpu-features", "scalar",
            "--threads", "1",
        ])
        try terminal.wait(for: "> ")
        #expect(!terminal.echoes)
        try terminal.type("Once upon a time\r")
        try terminal.wait(for: "there")
        terminal.interrupt()
        try terminal.wait(for: "abort")
        // Bracketed paste is on while a line is edited.
        try terminal.wait(for: "\u{1B}[?2004h", count: 2)
        terminal.terminate()
        #expect(try terminal.finish() == 143 && terminal.echoes)
    }
}

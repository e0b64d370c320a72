import Foundation
import LLMTestSupport
import Testing

@Suite struct StreamTests {
    private static let long = "$LLMGEN generate Hello --ignore-eos --max-tokens 200"

    @Test(arguments: ["", "trap '' PIPE; "])
    func `A reader that goes away ends the process in silence`(before: String) throws {
        let run = try Command.shell("\(before)\(StreamTests.long) | head -c 10")
        #expect(run.stdout.utf8.count == 10)
        #expect(run.stderr.split(separator: "\n").count == 1 && run.stderr.contains("loaded"), "\(run.stderr)")
    }

    @Test(arguments: ["generate Hello --max-tokens 4", "generate Hello --max-tokens 4 --json", "inspect"])
    func `A full disk is an error`(arguments: String) throws {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let run = try Command.shell("$LLMGEN \(arguments) >/dev/full")
        #expect(run.status == 1)
        let errors = run.stderr.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1 && errors[0].contains("stdout") && errors[0].contains("No space left"))
        #expect(!run.stderr.contains("Fatal"), "\(run.stderr)")
    }

    @Test func `A closed stdout is an error`() throws {
        let run = try Command.shell("$LLMGEN generate Hello --max-tokens 4 >&-")
        #expect(
            run.status == 1 && run.stderr.contains("error: stdout") && !run.stderr.contains("Fatal"), "\(run.stderr)")
    }

    @Test func `A closed stderr changes nothing`() throws {
        let arguments = "generate Hello --max-tokens 4 --temperature 0"
        let closed = try Command.shell("$LLMGEN \(arguments) 2>&-")
        #expect(try closed.status == 0 && closed.stdout == Command.shell("$LLMGEN \(arguments)").stdout)
    }
}

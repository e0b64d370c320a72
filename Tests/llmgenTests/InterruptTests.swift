import Foundation
import LLMTestSupport
import Testing

@Suite struct InterruptTests {
    /// Goes on for many seconds.
    private static let slow = ["--ignore-eos", "--max-tokens", "900", "--cpu-features", "scalar", "--threads", "1"]

    @Test func `Ctrl-C ends a generation with the text so far`() throws {
        let run = try Command.start(["generate", "Once upon a time", "--seed", "2"] + InterruptTests.slow) { command in
            try command.wait(on: "stdout")
            command.interrupt()
        }
        #expect(run.status == 130 && !run.signaled)
        #expect(!run.stderr.contains("error") && run.stderr.contains("abort"), "\(run.stderr)")
        #expect(run.stdout.count > 1 && run.stdout.hasSuffix("\n"))
        let whole = try Command.run(
            "generate", "Once upon a time", "--seed", "2", "--ignore-eos", "--max-tokens", "300")
        #expect(whole.stdout.hasPrefix(run.stdout.dropLast()))
    }

    @Test func `Ctrl-C under --json gives the object with the tokens so far`() throws {
        let run = try Command.start(["generate", "Once upon a time", "--json"] + InterruptTests.slow) { command in
            try command.wait(for: "loaded", on: "stderr")
            usleep(500_000)
            command.interrupt()
        }
        #expect(run.status == 130 && !run.signaled && !run.stderr.contains("error"), "\(run.stderr)")
        let output = try #require(try run.reports().first).output()
        #expect(output.finish_reason == "abort" && output.token_ids.count < 900)
    }

    @Test func `Ctrl-C under --jsonl gives every line's object`() throws {
        let lines = (0..<3).map { #"{"prompt_token_ids": [1, \#($0 + 50)]}"# }.joined(separator: "\n")
        let run = try Command.start(["generate", "--jsonl"] + InterruptTests.slow, input: lines) { command in
            try command.wait(for: "loaded", on: "stderr")
            usleep(500_000)
            command.interrupt()
        }
        #expect(run.status == 130 && !run.signaled && !run.stderr.contains("error"), "\(run.stderr)")
        let reports = try run.reports()
        #expect(reports.map(\.index) == [0, 1, 2])
        #expect(try reports.allSatisfy { try $0.output().finish_reason == "abort" })
    }

    @Test func `Ctrl-C while the prompt is awaited ends the process`() throws {
        let run = try Command.start(["generate"], input: nil) { command in
            usleep(500_000)
            command.interrupt()
        }
        // Before the command catches the signal, the signal itself ends it; a shell says 130 of both.
        #expect(run.signaled ? run.status == SIGINT : run.status == 130)
        #expect(run.stdout == "" && run.stderr == "")
    }
}

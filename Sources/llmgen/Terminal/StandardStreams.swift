import Foundation
import LLMGen

/// The process's stdout and stderr, unbuffered; a stream that cannot be written is an error, never a trap.
enum StandardStreams {
    /// To be called before anything is read or written.
    static func prepare() {
        // A reader that has gone ends the process in silence, even where the parent ignores the signal.
        signal(SIGPIPE, SIG_DFL)
        // The number of a closed stream would go to the next file that is opened. Null takes it, opened the wrong way
        // round, so that use of the stream still fails.
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) == -1 {
            _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Refuses arguments that are no text, which would be read as others than they are.
    static func checkArguments() throws(LLMGenError) {
        for index in 0..<Int(CommandLine.argc) {
            guard let bytes = CommandLine.unsafeArgv[index], String(validatingCString: bytes) == nil else { continue }
            throw LLMGenError(
                code: .invalidArgument, message: "argument \(index) is not UTF-8 text; convert it first")
        }
    }

    /// Writes to stdout. - Throws: ``LLMGenError`` `failed` with the system's reason.
    static func write(_ text: some StringProtocol) throws(LLMGenError) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            let system = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
            throw LLMGenError(
                code: .failed,
                message:
                    "stdout cannot be written: \(String(cString: strerror(Int32(truncatingIfNeeded: system.code)))); "
                    + "the output up to here is not complete",
                cause: error)
        }
    }

    /// Writes one line to stderr; where that is closed nobody asked for it.
    static func report(_ line: String) {
        try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
    }
}

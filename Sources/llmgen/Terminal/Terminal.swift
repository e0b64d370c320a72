import Dispatch
import Foundation
import Synchronization

/// The terminal on stdin and stderr: its modes while a session runs.
enum Terminal {
    enum Mode {
        /// Keys come one by one and are not shown; Ctrl-C is one of them.
        case editing
        /// Keys wait, and are not shown; Ctrl-C interrupts.
        case answering
    }

    /// How the terminal was found; nil while it is so.
    private static let original = Mutex<termios?>(nil)

    /// Whether a person can edit lines.
    static var isThere: Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return false }
        return !["", "dumb"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "")
    }

    /// Columns of a line.
    static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    static func enter(_ mode: Mode) {
        restoresOnSignals
        original.withLock { original in
            var state = termios()
            if let found = original {
                state = found
            } else {
                guard tcgetattr(STDIN_FILENO, &state) == 0 else { return }
                original = state
            }
            state.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN)
            state.c_iflag &= ~tcflag_t(ICRNL | INLCR | IXON)
            if mode == .editing { state.c_lflag &= ~tcflag_t(ISIG) }
            tcsetattr(STDIN_FILENO, TCSADRAIN, &state)
        }
        write(mode == .editing ? pasteOn : pasteOff)
    }

    /// Leaves the terminal as it was found.
    static func restore() {
        original.withLock { original in
            guard var found = original else { return }
            write(pasteOff)
            tcsetattr(STDIN_FILENO, TCSADRAIN, &found)
            original = nil
        }
    }

    /// Shows `text`, which is no part of the output.
    static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    /// Bracketed paste: the terminal tells pasted text from keys.
    private static let (pasteOn, pasteOff) = ("\u{1B}[?2004h", "\u{1B}[?2004l")

    /// Signals that end the process leave the terminal as it was found.
    private static let restoresOnSignals: Void = {
        for number in [SIGTERM, SIGHUP] {
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                _ = source
                restore()
                _exit(128 + number)
            }
            source.resume()
        }
    }()
}

import Foundation

/// `llmgen` in a terminal of its own, typed into and read from.
struct PseudoTerminal {
    private let process = Process()
    private let keyboard: FileHandle
    /// What the terminal was shown, as a file that a reader fills.
    private let shown = Shown()

    private final class Shown: @unchecked Sendable {
        private let lock = NSLock()
        private var bytes = Data()

        var text: String { lock.withLock { String(decoding: bytes, as: UTF8.self) } }

        func append(_ data: Data) { lock.withLock { bytes.append(data) } }
    }

    /// Starts `llmgen` with `arguments`.
    init(_ arguments: [String]) throws {
        // posix_openpt and its kin, which Swift does not see, by the calls beneath them.
        let (main, unlock, numberOf) = (open("/dev/ptmx", O_RDWR | O_NOCTTY), 0x4004_5431 as UInt, 0x8004_5430 as UInt)
        var (isLocked, number): (Int32, Int32) = (0, 0)
        guard main >= 0, ioctl(main, unlock, &isLocked) == 0, ioctl(main, numberOf, &number) == 0 else {
            throw Failure(description: "no pseudo-terminal: \(String(cString: strerror(errno)))")
        }
        let terminal = FileHandle(
            fileDescriptor: open("/dev/pts/\(number)", O_RDWR | O_NOCTTY), closeOnDealloc: true)
        keyboard = FileHandle(fileDescriptor: main, closeOnDealloc: true)
        process.executableURL = try Command.executable()
        process.arguments = arguments
        process.standardInput = terminal
        process.standardOutput = terminal
        process.standardError = terminal
        process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
        try process.run()
        let shown = shown
        Thread.detachNewThread {
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(main, &chunk, chunk.count)
                guard count > 0 else { return }
                shown.append(Data(chunk[..<count]))
            }
        }
    }

    /// What the terminal was shown so far.
    var text: String { shown.text }

    func type(_ keys: String) throws { try keyboard.write(contentsOf: Data(keys.utf8)) }

    /// Waits until the terminal has shown `text` so many times.
    func wait(for text: String, count: Int = 1) throws {
        try Command.poll("'\(text)' in: \(self.text)") { self.text.ranges(of: text).count >= count }
    }

    /// Presses Ctrl-C while it is a signal.
    func interrupt() { process.interrupt() }

    /// Ends the process from outside.
    func terminate() { process.terminate() }

    /// Waits for the end. - Returns: the exit code.
    func finish() throws -> Int32 {
        try Command.poll("the end of the process") { !process.isRunning }
        return process.terminationStatus
    }

    /// Whether the terminal shows what is typed, as one that no program has taken does.
    var echoes: Bool {
        var state = termios()
        return tcgetattr(keyboard.fileDescriptor, &state) == 0 && state.c_lflag & tcflag_t(ECHO) != 0
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}

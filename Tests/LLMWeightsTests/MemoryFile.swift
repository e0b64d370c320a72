import Foundation

/// A file that can be opened by path as any other, but is in memory only: writing it never waits for a disk.
final class MemoryFile {
    private let descriptor: Int32

    /// Where the file can be opened while this object lives.
    var path: String { "/dev/fd/\(descriptor)" }

    init() throws {
        let name = "llmgen-\(UUID().uuidString)"
        #if os(Linux)
            descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
            shm_unlink(name)
        #else
            let path = FileManager.default.temporaryDirectory.appending(path: name).path
            descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
            unlink(path)
        #endif
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
    }

    deinit { close(descriptor) }

    /// Replaces what the file holds.
    func write(_ bytes: [UInt8]) throws {
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw POSIXError(.EIO)
        }
    }
}

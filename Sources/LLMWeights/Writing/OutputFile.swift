import Foundation

/// A file that appears under its name only when it is whole: it is written under another name beside it, and renamed.
/// Without ``finish()`` nothing is left of it.
final class OutputFile {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isFinished = false

    /// - Parameters:
    ///   - byteCount: what will be written; more than the disk has room for is refused at once.
    ///   - replaces: whether a file that is there may be replaced.
    init(path: String, byteCount: Int, replaces: Bool) throws(WeightsError) {
        self.path = path
        let url = URL(fileURLWithPath: path)
        let folder = url.deletingLastPathComponent().path
        try OutputFile.check(path, replaces: replaces)
        try OutputFile.checkRoom(path, folder, byteCount)
        temporaryPath = "\(folder)/.\(url.lastPathComponent).\(getpid())-\(UInt32.random(in: 0...(.max))).part"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw OutputFile.failure(path, "cannot be written") }
    }

    deinit {
        close(descriptor)
        if !isFinished { unlink(temporaryPath) }
    }

    func write(_ bytes: [UInt8]) throws(WeightsError) {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { bytes in
                Foundation.write(descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw OutputFile.failure(path, "\(bytes.count) bytes cannot be written") }
            start += written
        }
    }

    /// Waits until the disk has the bytes, and gives the file its name.
    func finish(replaces: Bool) throws(WeightsError) {
        guard fsync(descriptor) == 0 else { throw OutputFile.failure(path, "cannot be kept on the disk") }
        try OutputFile.check(path, replaces: replaces)
        guard rename(temporaryPath, path) == 0 else { throw OutputFile.failure(path, "cannot be given its name") }
        isFinished = true
        // The name too is on the disk; where a folder cannot be synced there is nothing better.
        let folder = open(URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private static func check(_ path: String, replaces: Bool) throws(WeightsError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG else {
            let what = kind == S_IFDIR ? "a folder" : kind == S_IFLNK ? "a link" : "a device, a pipe or a socket"
            throw WeightsError(.unreadable, "\(path.quoted): \(what); give the name of a file")
        }
        guard replaces else {
            throw WeightsError(
                .alreadyExists,
                "\(path.quoted): there is such a file already; give another name, or --force to replace it")
        }
    }

    private static func checkRoom(_ path: String, _ folder: String, _ byteCount: Int) throws(WeightsError) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw failure(path, "its folder cannot be examined") }
        let room = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        guard room.overflow || UInt64(byteCount) <= room.partialValue else {
            throw WeightsError(
                .noRoom,
                "\(path.quoted): the file takes \(byteCount) bytes, but its disk has room for \(room.partialValue); "
                    + "free some, or write to another disk")
        }
    }

    /// The failure that `errno` tells of.
    private static func failure(_ path: String, _ what: String) -> WeightsError {
        let number = errno
        let reason = String(cString: strerror(number))
        if number == ENOENT || number == ENOTDIR {
            return WeightsError(.notFound, "\(path.quoted): \(what): \(reason); give a file in a folder that is there")
        }
        return WeightsError(
            .unwritable, "\(path.quoted): \(what): \(reason); check the folder's permissions and the room on its disk")
    }
}

extension WeightsError.Code {
    /// There is a file that was not to be replaced.
    package static var alreadyExists: Self { Self("already_exists") }
    /// A file cannot be written.
    package static var unwritable: Self { Self("unwritable") }
    /// The disk has less room than the file needs.
    package static var noRoom: Self { Self("no_room") }
}

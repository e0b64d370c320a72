import Foundation
public import LLMTensor

/// A file mapped into memory for reading.
///
/// Pages are read when first touched, and the mapping ends when the last holder (this object or a view into it) goes.
/// Every range is checked against the size the file had when it was opened. Nothing is written after `init`, which is
/// why it may be shared between threads.
///
/// - Warning: A file that another process cuts short while it is mapped ends this process with SIGBUS on the next
///   touch of a lost page; POSIX offers no way to prevent that. Replace checkpoint files by renaming, never in place.
public final class MappedFile: @unchecked Sendable {
    /// The path it was opened by.
    public let path: String
    private let contents: UnsafeRawBufferPointer

    /// Maps the regular file at `path`; the file may be empty.
    ///
    /// - Throws: `WeightsError` `notFound`, or `unreadable` for folders, pipes, devices and refusals of the system.
    public init(path: String) throws(WeightsError) {
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(path, "cannot be opened") }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path, "cannot be examined") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw WeightsError(
                .unreadable,
                "\(path.quoted): not a regular file; weights are mapped into memory: give a regular file")
        }
        guard let size = Int(exactly: status.st_size), size >= 0 else {
            throw WeightsError(.unreadable, "\(path.quoted): \(status.st_size) bytes do not fit the address space")
        }
        self.path = path
        if size == 0 {
            contents = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
                throw .system(path, "\(size) bytes cannot be mapped")
            }
            contents = UnsafeRawBufferPointer(start: base, count: size)
        }
    }

    /// A file that is nowhere but in memory.
    init(path: String, bytes: [UInt8]) throws(WeightsError) {
        self.path = path
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let base = mmap(nil, max(bytes.count, 1), PROT_READ | PROT_WRITE, flags, -1, 0), base != MAP_FAILED else {
            throw .system(path, "\(bytes.count) bytes are not to be had")
        }
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { base.copyMemory(from: start, byteCount: source.count) }
        }
        contents = UnsafeRawBufferPointer(start: base, count: bytes.count)
    }

    deinit {
        if let base = contents.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), contents.count) }
    }

    /// The file's size in bytes.
    public var count: Int { contents.count }

    /// A copy of the bytes in `range`.
    ///
    /// - Throws: `WeightsError` `corrupt` where the range is not within the file.
    public func bytes(in range: Range<Int>) throws(WeightsError) -> [UInt8] {
        [UInt8](try slice(range))
    }

    /// The number whose little-endian bytes begin at byte `offset`, which need not be aligned.
    ///
    /// - Throws: `WeightsError` `corrupt` where they are not within the file.
    func number<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) throws(WeightsError) -> Number {
        guard offset >= 0, offset <= count - MemoryLayout<Number>.size else {
            throw .corrupt(path, "a number of \(MemoryLayout<Number>.size) bytes at byte \(offset) of \(count)")
        }
        return Number(littleEndian: contents.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// The text whose UTF-8 is the bytes in `range`; nil where they are no valid UTF-8.
    ///
    /// - Throws: `WeightsError` `corrupt` where the range is not within the file.
    func text(in range: Range<Int>) throws(WeightsError) -> String? {
        String(validating: try slice(range), as: UTF8.self)
    }

    /// A tensor view of the bytes in `range`, which need not be aligned; it keeps the mapping alive.
    ///
    /// - Throws: `WeightsError` `corrupt` where the range is not within the file, or its length is not that of
    ///   `shape` in `dtype`.
    public func view(shape: [Int], dtype: DType, in range: Range<Int>) throws(WeightsError) -> TensorView {
        let bytes = try slice(range)
        guard dtype.byteCount(ofShape: shape) == bytes.count else {
            throw .corrupt(path, "bytes \(range) are \(bytes.count), not the size of \(shape) of \(dtype)")
        }
        return TensorView(shape: shape, dtype: dtype, bytes: bytes, owner: self) { [unowned self] part in
            guard let start = part.baseAddress, let base = contents.baseAddress else { return }
            release(start - base..<start - base + part.count)
        }
    }

    /// Says that `range` will be read soon, so that the system may start reading it. Parts past the end are ignored.
    public func willNeed(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<count)
        advise(range.lowerBound / pageSize * pageSize..<range.upperBound, MADV_WILLNEED)
    }

    /// Says that `range` is done with, so that its memory may go; reading it again reads the file again.
    ///
    /// Only pages that lie wholly within the range go: neighbours keep theirs.
    public func release(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<count)
        let start = (range.lowerBound + pageSize - 1) / pageSize * pageSize
        let end = range.upperBound == count ? count : range.upperBound / pageSize * pageSize
        advise(start..<max(start, end), MADV_DONTNEED)
    }

    private func slice(_ range: Range<Int>) throws(WeightsError) -> UnsafeRawBufferPointer {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw .corrupt(path, "bytes \(range) are not within the file's \(count)")
        }
        return UnsafeRawBufferPointer(rebasing: contents[range])
    }

    /// A refused hint changes nothing that a reader could see, so its result is not looked at.
    private func advise(_ range: Range<Int>, _ advice: Int32) {
        guard let base = contents.baseAddress, !range.isEmpty else { return }
        _ = madvise(UnsafeMutableRawPointer(mutating: base + range.lowerBound), range.count, advice)
    }
}

private let pageSize = sysconf(Int32(_SC_PAGESIZE))

extension WeightsError {
    /// The failure that `errno` tells of.
    fileprivate static func system(_ path: String, _ what: String) -> WeightsError {
        let number = errno
        let reason = String(cString: strerror(number))
        if number == ENOENT || number == ENOTDIR {
            return WeightsError(.notFound, "\(path.quoted): \(what): \(reason); check the path or download the file")
        }
        return WeightsError(
            .unreadable,
            "\(path.quoted): \(what): \(reason); check its permissions and the memory limits")
    }
}

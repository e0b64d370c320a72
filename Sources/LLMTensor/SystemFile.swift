import Glibc

/// A small file in which the kernel describes the machine, under `/sys` or `/proc`.
///
/// What is missing, too long or not as the kernel writes it reads as nil.
enum SystemFile {
    /// Bytes that a file may have.
    private static let byteLimit = 1 << 16
    /// Processors and nodes have numbers below this; Linux stays far under it.
    private static let numberLimit = 1 << 16

    /// The whole text.
    static func text(_ path: String) -> String? {
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: byteLimit + 1) { buffer, count in
            while count < buffer.count {
                let part = read(descriptor, buffer.baseAddress! + count, buffer.count - count)
                failed = part < 0
                if part <= 0 { break }
                count += part
            }
        }
        guard !failed, bytes.count <= byteLimit else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Words of one line, such as `150000 100000`.
    static func words(_ path: String) -> [Substring]? {
        text(path)?.split(whereSeparator: \.isWhitespace)
    }

    /// A rising list of numbers, such as `0-3,8`, each range as one; empty for an empty file.
    static func list(_ path: String) -> [ClosedRange<Int>]? {
        text(path).flatMap { list(of: $0[...]) }
    }

    /// The list of numbers that `text` is.
    static func list(of text: Substring) -> [ClosedRange<Int>]? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count <= 1 else { return nil }
        var ranges: [ClosedRange<Int>] = []
        for range in words.first?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
            let next = (ranges.last?.upperBound ?? -1) + 1
            guard ends.count <= 2, let first = ends.first, let last = ends.last, next <= first, first <= last,
                last < numberLimit
            else { return nil }
            ranges.append(first...last)
        }
        return ranges
    }
}

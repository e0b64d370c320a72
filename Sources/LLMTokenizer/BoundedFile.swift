import Foundation

/// A file read whole, after its kind and its size have been checked.
enum BoundedFile {
    /// The bytes of `url`, or nil where there is no such file.
    static func read(_ url: URL, limit: Int) throws(TokenizerError) -> [UInt8]? {
        let resolved = url.resolvingSymlinksInPath()
        guard FileManager.default.fileExists(atPath: resolved.path) else { return nil }
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: resolved.path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw TokenizerError(.fileUnreadable, "\(url.path) is not a file; name a model folder with its files")
            }
            let size = (attributes[.size] as? NSNumber)?.uint64Value ?? 0
            guard size <= limit else {
                throw TokenizerError(
                    .fileTooLarge,
                    "\(url.path) has \(size) bytes, more than \(limit), its limit; check that it is the right file")
            }
            return [UInt8](try Data(contentsOf: resolved))
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw TokenizerError(
                .fileUnreadable, "\(url.path) cannot be read: \(error.localizedDescription); check its permissions")
        }
    }

    /// The first byte of `url` that is no white space, within a few; nil for a file without one.
    static func firstByte(_ url: URL) throws(TokenizerError) -> UInt8? {
        do {
            let file = try FileHandle(forReadingFrom: url)
            return try file.read(upToCount: 64)?.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        } catch {
            throw TokenizerError(
                .fileUnreadable, "\(url.path) cannot be read: \(error.localizedDescription); check its permissions")
        }
    }
}

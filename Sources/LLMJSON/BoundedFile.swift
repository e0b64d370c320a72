package import Foundation

/// A file read whole, after its kind and its size have been checked.
package enum BoundedFile<Room: ErrorRoom> {
    /// The bytes of `url`, or nil where there is no such file.
    package static func read(_ url: URL, limit: Int) throws(CodedError<Room>) -> [UInt8]? {
        let resolved = url.resolvingSymlinksInPath()
        guard FileManager.default.fileExists(atPath: resolved.path) else { return nil }
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: resolved.path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw CodedError<Room>(.unreadable, "\(url.path) is not a file; name a model folder with its files")
            }
            let size = (attributes[.size] as? NSNumber)?.uint64Value ?? 0
            guard size <= limit else {
                throw CodedError<Room>(
                    .tooLarge,
                    "\(url.path) has \(size) bytes, more than \(limit), its limit; check that it is the right file")
            }
            return [UInt8](try Data(contentsOf: resolved))
        } catch let error as CodedError<Room> {
            throw error
        } catch {
            throw CodedError<Room>(
                .unreadable, "\(url.path) cannot be read: \(error.localizedDescription); check its permissions")
        }
    }

    /// The first byte of `url` that is no white space, within a few; nil for a file without one.
    package static func firstByte(_ url: URL) throws(CodedError<Room>) -> UInt8? {
        do {
            let file = try FileHandle(forReadingFrom: url)
            return try file.read(upToCount: 64)?.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        } catch {
            throw CodedError<Room>(
                .unreadable, "\(url.path) cannot be read: \(error.localizedDescription); check its permissions")
        }
    }
}

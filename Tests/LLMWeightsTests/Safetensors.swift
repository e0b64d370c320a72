import Foundation
import LLMTestSupport
import LLMWeights

/// The bytes of a safetensors file with this header, whatever it says, and this data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    safetensors(Array(header.utf8), data: data)
}

/// The bytes of a safetensors file with this header, whatever it says, and this data.
func safetensors(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    littleEndian(UInt64(header.count)) + header + data
}

/// The eight bytes of `value`, lowest first.
func littleEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// Opens a file of these bytes as safetensors, and hands it to `body`.
func withSafetensors<R>(_ bytes: [UInt8], _ body: (SafetensorsFile) throws -> R) throws -> R {
    try withFile(bytes) { try body(SafetensorsFile(path: $0)) }
}

/// Writes `bytes` to a fresh file and hands its path to `body`.
func withFile<R>(_ bytes: [UInt8], named name: String = "model.safetensors", _ body: (String) throws -> R) throws -> R {
    try Paths.withTemporaryFolder { folder in
        let file = folder.appending(path: name)
        try Data(bytes).write(to: file)
        return try body(file.path)
    }
}

/// Writes these files, text or bytes, to a fresh folder and hands its path to `body`.
func withFolder<R>(_ files: [String: [UInt8]], _ body: (String) throws -> R) throws -> R {
    try Paths.withTemporaryFolder { folder in
        for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
        return try body(folder.path)
    }
}

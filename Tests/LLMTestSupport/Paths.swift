public import Foundation

/// Where the tests' files are, wherever the tests are run from.
public enum Paths {
    /// The package's root folder.
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Small committed fixtures: `Tests/Fixtures`.
    public static let fixtures = root.appending(path: "Tests/Fixtures")
    /// The bundled demo model.
    public static let fairytale = root.appending(path: "models/fairytale-6m")

    /// A fresh empty folder, removed after `body`.
    public static func withTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }
}

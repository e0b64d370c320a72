import Foundation

/// A made-up root of the system's files, for code that reads `/proc` and `/sys`.
public enum SystemRoot {
    /// Runs `body` with the path of a folder that holds these files: their texts by their paths under the root.
    public static func with<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        try Paths.withTemporaryFolder { root in
            for (path, text) in files {
                let file = root.appending(path: path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            return try body(root.path)
        }
    }
}

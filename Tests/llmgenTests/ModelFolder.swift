import Foundation
import LLMTestSupport

/// A copy of the tiny model, to be damaged.
enum ModelFolder {
    /// Calls `body` with a copy that is removed afterwards.
    static func with<R>(_ body: (URL) throws -> R) throws -> R {
        try Paths.withTemporaryFolder { parent in
            let folder = parent.appending(path: "model")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["config.json", "generation_config.json", "model.safetensors"] {
                let data = try Data(contentsOf: URL(fileURLWithPath: Command.tiny).appending(path: name))
                try data.write(to: folder.appending(path: name))
            }
            return try body(folder)
        }
    }
}

import Foundation
import LLMTestSupport
import Testing

/// A config that ties the output head to the embedding, beside a checkpoint that has both.
@Suite struct TiedHeadTests {
    private let prompt = ["--prompt-token-ids", "1,5,9", "--max-tokens", "12", "--ignore-eos", "--temperature", "0"]

    @Test func `Matrices that differ are both used, with a warning`() throws {
        try ModelFolder.with { folder in
            try tie(folder)
            let own = try Command.run(["generate", "--model", Command.tiny] + prompt)
            let tied = try Command.run(["generate", "--model", folder.path] + prompt)
            #expect(own.status == 0 && !own.stderr.contains("warning") && tied.stdout == own.stdout)
            #expect(tied.stderr.contains("'lm_head.weight' and 'model.embed_tokens.weight' differ; both are used"))
            #expect(try !Command.run("inspect", folder.path).stdout.contains("tied"))
        }
    }

    @Test func `The same matrix twice is one`() throws {
        try ModelFolder.with { folder in
            try tie(folder)
            try copyEmbedding(folder.appending(path: "model.safetensors"))
            let run = try Command.run(["generate", "--model", folder.path] + prompt)
            #expect(run.status == 0 && !run.stderr.contains("warning"))
            #expect(try Command.run("inspect", folder.path).stdout.contains("output head tied to the embedding"))
        }
    }

    private func tie(_ folder: URL) throws {
        let url = folder.appending(path: "config.json")
        let config = try String(contentsOf: url, encoding: .utf8)
        let tied = config.replacing(#""tie_word_embeddings": false"#, with: #""tie_word_embeddings": true"#)
        try #require(tied != config)
        try Data(tied.utf8).write(to: url)
    }

    /// Writes the embedding's bytes over those of the output head.
    private func copyEmbedding(_ url: URL) throws {
        struct Tensor: Decodable { let data_offsets: [Int] }
        struct Header: Decodable {
            let embedding, head: Tensor

            enum CodingKeys: String, CodingKey {
                case embedding = "model.embed_tokens.weight"
                case head = "lm_head.weight"
            }
        }
        var data = try Data(contentsOf: url)
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONDecoder().decode(Header.self, from: data[8..<8 + length])
        func range(_ tensor: Tensor) -> Range<Int> {
            8 + length + tensor.data_offsets[0]..<8 + length + tensor.data_offsets[1]
        }
        data.replaceSubrange(range(header.head), with: data[range(header.embedding)])
        try data.write(to: url)
    }
}

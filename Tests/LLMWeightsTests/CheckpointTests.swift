import Foundation
import LLMTestSupport
import LLMWeights
import Testing

@Suite struct CheckpointTests {
    /// A shard that holds one-element tensors of these names.
    private func shard(_ names: String...) -> [UInt8] {
        let members = names.enumerated().map { index, name in
            #""\#(name)":{"dtype":"F16","shape":[1],"data_offsets":[\#(2 * index),\#(2 * index + 2)]}"#
        }
        return safetensors("{\(members.joined(separator: ","))}", data: .init(repeating: 0, count: 2 * names.count))
    }

    private func index(_ map: String) -> [UInt8] {
        Array(#"{"metadata":{"total_size":8.0,"more":[{}]},"weight_map":\#(map)}"#.utf8)
    }

    private let indexName = "model.safetensors.index.json"

    private func refusal(_ files: [String: [UInt8]]) throws -> WeightsError {
        try withFolder(files) { path in try #require(throws: WeightsError.self) { try Checkpoint(path: path) } }
    }

    @Test func theBundledModelOpens() throws {
        let checkpoint = try Checkpoint(path: Paths.fairytale.path)
        #expect(checkpoint.parameterCount == 5_770_496)
        #expect(checkpoint.byteCount == 2 * 5_770_496)
        #expect(checkpoint.info(named: "model.embed_tokens.weight")?.shape == [4096, 256])
        #expect(try checkpoint.tensor(named: "model.embed_tokens.weight").dtype == .bfloat16)
    }

    @Test func aSingleFileOpens() throws {
        try withFile(shard("a"), named: "anything") { path in
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.names == ["a"])
            #expect(checkpoint.files == [path])
        }
    }

    @Test func shardsAreOneCheckpointInTheOrderOfTheirNames() throws {
        let map = #"{"c":"2.safetensors","a":"1.safetensors","b":"1.safetensors"}"#
        try withFolder([indexName: index(map), "1.safetensors": shard("b", "a"), "2.safetensors": shard("c")]) { path in
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.names == ["b", "a", "c"])
            #expect(checkpoint.files.map { ($0 as NSString).lastPathComponent } == ["1.safetensors", "2.safetensors"])
            #expect(checkpoint.unlisted == [])
            #expect(checkpoint.contains("c") && !checkpoint.contains("d"))
            #expect(try checkpoint.tensor(named: "c").shape == [1])
            checkpoint.willNeed("c")
            #expect(throws: WeightsError.self) { try checkpoint.tensor(named: "d") }
        }
    }

    @Test func aShardMayBeALink() throws {
        try withFile(shard("a")) { target in
            try withFolder([indexName: index(#"{"a":"1.safetensors"}"#)]) { path in
                try FileManager.default.createSymbolicLink(
                    atPath: "\(path)/1.safetensors", withDestinationPath: target)
                #expect(try Checkpoint(path: path).names == ["a"])
            }
        }
    }

    @Test func modelSafetensorsIsTakenBeforeAnIndex() throws {
        try withFolder([indexName: index("{}"), "model.safetensors": shard("a")]) { path in
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.names == ["a"])
        }
    }

    @Test func tensorsThatTheIndexDoesNotMapToTheirShardAreOnlyListed() throws {
        let map = #"{"a":"1.safetensors","b":"2.safetensors"}"#
        let files = [indexName: index(map), "1.safetensors": shard("a", "b", "x"), "2.safetensors": shard("b")]
        try withFolder(files) { path in
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.names == ["a", "b"])
            #expect(checkpoint.unlisted == ["b", "x"])
            #expect(!checkpoint.contains("x"))
        }
    }

    @Test func missingShardsAreNamed() throws {
        let map = #"{"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"}"#
        let error = try refusal([indexName: index(map), "2.safetensors": shard("b")])
        #expect(error.code == .notFound)
        #expect(error.message.contains("2 of 3 shards"))
        #expect(error.message.contains("'1.safetensors', '3.safetensors'"))
    }

    @Test func aTensorThatIsNotInItsShardIsNamed() throws {
        let map = #"{"a":"1.safetensors","b":"2.safetensors"}"#
        let error = try refusal([
            indexName: index(map), "1.safetensors": shard("a", "b"), "2.safetensors": shard("c"),
        ])
        #expect(error.code == .missingTensor)
        #expect(error.message.contains("1 of 2 tensors") && error.message.contains("'b (2.safetensors)'"))
    }

    @Test(arguments: [
        "../1.safetensors", "/1.safetensors", "below/1.safetensors", #"below\\1.safetensors"#, "..", ".", "",
        #"1.safetensors\u0000.txt"#,
    ])
    func aShardMustBeAPlainNameInTheFolder(name: String) throws {
        let error = try refusal([indexName: index(#"{"a":"\#(name)"}"#), "1.safetensors": shard("a")])
        #expect(error.code == .corrupt)
        #expect(error.message.contains("plain file name"))
    }

    @Test(arguments: [
        ("", "end of the text"),
        ("[]", "'['"),
        ("{}", "no weight_map"),
        (#"{"weight_map":{}}"#, "names no tensor"),
        (#"{"weight_map":["1.safetensors"]}"#, "'weight_map'"),
        (#"{"weight_map":{"a":1}}"#, "'weight_map' 'a'"),
        (#"{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}"#, "'a' appears twice"),
        (#"{"weight_map":{"a":"1.safetensors"}} {}"#, "after the end"),
        (#"{"metadata":"# + String(repeating: "[", count: 100_000), "deeper than 64"),
    ])
    func aFaultyIndexIsRefused(text: String, words: String) throws {
        let error = try refusal([indexName: Array(text.utf8), "1.safetensors": shard("a")])
        #expect(error.code == .corrupt)
        #expect(error.message.contains(words) && error.message.contains(indexName), "\(error)")
    }

    @Test func aFaultyShardIsNamed() throws {
        let error = try refusal([indexName: index(#"{"a":"1.safetensors"}"#), "1.safetensors": [1, 2]])
        #expect(error.code == .corrupt)
        #expect(error.message.contains("1.safetensors'"))
    }

    @Test func aFolderWithoutWeightsSaysWhatItHasInstead() throws {
        let several = try refusal(["a.safetensors": shard("a"), "b.safetensors": shard("b")])
        #expect(several.code == .notFound)
        #expect(several.message.contains("'a.safetensors', 'b.safetensors'"))
        let pytorch = try refusal(["pytorch_model.bin": [0x80, 2], "config.json": []])
        #expect(pytorch.code == .unsupported)
        #expect(pytorch.message.contains("'pytorch_model.bin'") && pytorch.message.contains("convert"))
        let nothing = try refusal(["config.json": []])
        #expect(nothing.code == .notFound)
        #expect(nothing.message.contains("no model.safetensors"))
    }

    @Test func aPathThatIsNotThereIsNotFound() throws {
        try Paths.withTemporaryFolder { folder in
            let path = folder.appending(path: "gone").path
            let error = try #require(throws: WeightsError.self) { try Checkpoint(path: path) }
            #expect(error.code == .notFound)
            #expect(error.message.contains("'\(path)'"))
            #expect("\(error)" == error.message)
        }
    }
}

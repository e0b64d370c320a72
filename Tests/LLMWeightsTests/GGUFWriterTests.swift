import Foundation
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

@Suite struct GGUFWriterTests {
    static let metadata: [GGUFWriter.Entry] = [
        ("general.architecture", .string("llama")), ("a.uint", .uint32(7)), ("a.int", .int32(-7)),
        ("a.long", .uint64(1 << 40)), ("a.float", .float32(0.5)), ("a.flag", .bool(true)),
        ("a.texts", .strings([Array("é".utf8), [], [0xFF]])), ("a.bytes", .bytes([1, 2, 255])),
        ("a.ints", .int32s([1, -2])), ("a.floats", .float32s([1.5, -2])),
    ]
    static let tensors = [
        TensorInfo(name: "odd", shape: [3], dtype: .float32),
        TensorInfo(name: "empty", shape: [0, 4], dtype: .float32),
        TensorInfo(name: "matrix", shape: [2, 5], dtype: .float16),
    ]

    private func write(_ path: String, replaces: Bool = false) throws -> GGUFWriter {
        let writer = try GGUFWriter(path: path, metadata: Self.metadata, tensors: Self.tensors, replaces: replaces)
        try writer.append(Array(0..<12))
        try writer.append([1, 2, 3])
        return writer
    }

    @Test func `What is written is read`() throws {
        try Paths.withTemporaryFolder { folder in
            let path = folder.appending(path: "a.gguf").path
            let writer = try write(path)
            try writer.append(Array(4...20))
            try writer.finish()
            let file = try GGUFFile(path: path)
            #expect(file.version == 3 && file.tensors == Self.tensors.map { $0 })
            #expect(file.file.count == writer.byteCount)
            #expect(file.metadata.keys == Self.metadata.map(\.key))
            #expect(try file.metadata.integers("a.uint", in: 0...9) == [7])
            #expect(try file.metadata.integers("a.int", in: -9...9) == [-7])
            #expect(try file.metadata.integers("a.long", in: 0...1 << 50) == [1 << 40])
            #expect(try file.metadata.byteStrings("a.texts") == [Array("é".utf8), [], [0xFF]])
            #expect(try file.metadata.integers("a.bytes", in: 0...255) == [1, 2, 255])
            #expect(try file.metadata.integers("a.ints", in: -9...9) == [1, -2])
            #expect(try file.metadata.floats("a.floats") == [1.5, -2])
            #expect(try file.tensor(named: "odd").withBytes { Array($0) } == Array(0..<12))
            #expect(try file.tensor(named: "matrix").withBytes { Array($0) } == Array(1...20))
        }
    }

    @Test func `A writer that goes before its end leaves nothing`() throws {
        try Paths.withTemporaryFolder { folder in
            _ = try write(folder.appending(path: "a.gguf").path)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }
    }

    @Test func `A file that is there is replaced only where that is asked for, and only when the new one is whole`()
        throws
    {
        try Paths.withTemporaryFolder { folder in
            let path = folder.appending(path: "a.gguf").path
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            let error = try #require(throws: WeightsError.self) { try write(path) }
            #expect(error.code == .alreadyExists && error.message.contains(path) && error.message.contains("--force"))
            let writer = try write(path, replaces: true)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
            try writer.append(Array(4...20))
            try writer.finish()
            #expect(try GGUFFile(path: path).tensors.count == 3)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.gguf"])
        }
    }

    @Test func `Only a plain file is replaced`() throws {
        try Paths.withTemporaryFolder { folder in
            let (file, link) = (folder.appending(path: "a").path, folder.appending(path: "link").path)
            try Data("old".utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
            let pipe = folder.appending(path: "pipe").path
            #expect(mkfifo(pipe, 0o600) == 0)
            for path in [link, pipe, folder.path] {
                for replaces in [false, true] {
                    let error = try #require(throws: WeightsError.self) { try write(path, replaces: replaces) }
                    #expect(error.message.contains(path) && error.message.contains("give the name of a file"))
                }
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: link)) == Data("old".utf8))
        }
    }

    @Test func `A file that the disk has no room for is refused at once, with both sizes`() throws {
        try Paths.withTemporaryFolder { folder in
            let huge = TensorInfo(name: "huge", shape: [1 << 50, 4], dtype: .float32)
            let error = try #require(throws: WeightsError.self) {
                try GGUFWriter(path: folder.appending(path: "a.gguf").path, metadata: [], tensors: [huge])
            }
            #expect(error.code == .noRoom && error.message.contains("\((1 << 54) + 96) bytes"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }
    }

    @Test func `A folder that is not there is an error that names the file`() throws {
        let error = try #require(throws: WeightsError.self) {
            try GGUFWriter(path: "/nowhere/a.gguf", metadata: [], tensors: [])
        }
        #expect(error.code == .notFound && error.message.contains("/nowhere/a.gguf"))
    }
}

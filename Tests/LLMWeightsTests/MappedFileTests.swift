import Foundation
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

@Suite struct MappedFileTests {
    @Test func bytesComeFromTheRangeAsked() throws {
        try withFile([1, 2, 3, 4]) { path in
            let file = try MappedFile(path: path)
            #expect(file.count == 4)
            #expect(file.path == path)
            #expect(try file.bytes(in: 1..<3) == [2, 3])
            #expect(try file.bytes(in: 4..<4) == [])
        }
    }

    @Test(arguments: [-1..<2, 0..<5, 5..<5, 3..<Int.max, Int.min..<0])
    func aRangeOutsideTheFileIsRefused(range: Range<Int>) throws {
        try withFile([1, 2, 3, 4]) { path in
            let file = try MappedFile(path: path)
            let error = try #require(throws: WeightsError.self) { try file.bytes(in: range) }
            #expect(error.message.contains("\(range)") && error.message.contains("4"))
            #expect(throws: WeightsError.self) { try file.view(shape: [2], dtype: .float16, in: range) }
            file.willNeed(range)
            file.release(range)
        }
    }

    @Test(arguments: [[1], [3], [-1, -2], [Int.max, 4], [Int.max, Int.max, 0]])
    func aViewWhoseShapeDoesNotFitItsBytesIsRefused(shape: [Int]) throws {
        try withFile([1, 2, 3, 4]) { path in
            let file = try MappedFile(path: path)
            #expect(throws: WeightsError.self) { try file.view(shape: shape, dtype: .float16, in: 0..<4) }
        }
    }

    @Test func anEmptyFileIsMapped() throws {
        try withFile([]) { path in
            let file = try MappedFile(path: path)
            #expect(file.count == 0)
            #expect(try file.bytes(in: 0..<0) == [])
            #expect(try file.view(shape: [0], dtype: .float32, in: 0..<0).floats() == [])
            file.release(0..<0)
        }
    }

    @Test func whatIsNotThereIsNotFound() throws {
        try withFile([1]) { path in
            for missing in ["\(path).gone", "\(path)/below-a-file"] {
                let error = try #require(throws: WeightsError.self) { try MappedFile(path: missing) }
                #expect(error.code == .notFound)
                #expect(error.message.contains("'\(missing)'"))
            }
        }
    }

    @Test func aFolderIsRefused() throws {
        try Paths.withTemporaryFolder { folder in
            let error = try #require(throws: WeightsError.self) { try MappedFile(path: folder.path) }
            #expect(error.code == .unreadable)
        }
    }

    @Test func aPipeIsRefusedWithoutWaitingForItsWriter() throws {
        try Paths.withTemporaryFolder { folder in
            let pipe = folder.appending(path: "model.safetensors").path
            try #require(mkfifo(pipe, 0o600) == 0)
            let error = try #require(throws: WeightsError.self) { try MappedFile(path: pipe) }
            #expect(error.code == .unreadable)
        }
    }

    #if os(Linux)
        @Test func releasedPagesLeaveMemoryAndReadTheSameAgain() throws {
            let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            try withFile(bytes) { path in
                let file = try MappedFile(path: path)
                #expect(try file.bytes(in: 0..<file.count) == bytes)
                #expect(try residentKilobytes(ofMapping: path) > 900)
                file.release(0..<file.count)
                #expect(try residentKilobytes(ofMapping: path) == 0)
                #expect(try file.bytes(in: 0..<file.count) == bytes)
            }
        }

        /// What the kernel says of the memory that the mapping of the file at `path` takes.
        private func residentKilobytes(ofMapping path: String) throws -> Int {
            let text = try #require(
                try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps")).readToEnd())
            let maps = String(decoding: text, as: UTF8.self).split(separator: "\n")
            let start = try #require(maps.firstIndex { $0.hasSuffix(path) })
            let line = try #require(maps[start...].first { $0.hasPrefix("Rss:") })
            return try #require(Int(line.split(separator: " ")[1]))
        }
    #endif
}

import Foundation
import LLMGen
import LLMGenServer
import LLMTestSupport
import Testing

@Suite struct APIKeysTests {
    @Test func `A key is known by its name, or by its place`() throws {
        let keys = try APIKeys(["alice:sk-1", "sk-2", "bob:a:b"])
        #expect(keys.names == ["alice", "key-2", "bob"])
        #expect(keys.name(of: "sk-1".utf8) == "alice" && keys.name(of: "sk-2".utf8) == "key-2")
        #expect(keys.name(of: "a:b".utf8) == "bob")
        for wrong in ["", "sk", "sk-", "sk-11", "sk-3", "alice:sk-1", "sk-1\u{0}"] {
            #expect(keys.name(of: wrong.utf8) == nil, "\(wrong)")
        }
        #expect(APIKeys().isEmpty && APIKeys().name(of: "".utf8) == nil)
    }

    @Test(arguments: [["", "x"], ["a b"], ["é"], [String(repeating: "k", count: 513)], ["a:1", "a:2"]])
    func `A key that no header can carry, or a name twice, is refused and not repeated`(texts: [String]) {
        let error = #expect(throws: LLMGenError.self) { try APIKeys(texts) }
        #expect(error?.code == .invalidArgument && error?.message.contains("kkk") == false)
    }

    @Test func `A file has a key a line`() throws {
        let file = URL.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try "# comment\n\n  alice:1  \r\n2\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(try APIKeys.lines(of: file.path) == ["alice:1", "2"])
        #expect(throws: LLMGenError.self) { try APIKeys.lines(of: file.path + "-none") }
    }
}

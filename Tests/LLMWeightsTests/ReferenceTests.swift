import Foundation
import LLMTestSupport
import LLMWeights
import Testing

/// Files written by the format's own library, read bit for bit as torch reads them; see make_fixture.py.
@Suite struct ReferenceTests {
    struct Expected: Decodable {
        let dtype: String
        let shape: [Int]
        let bits: [UInt32]?
    }

    static let folder = Paths.fixtures.appending(path: "weights")

    @Test(arguments: [("single", "single.safetensors"), ("sharded", "sharded")])
    func everyTensorHasTheBitsThatTorchReads(name: String, file: String) throws {
        let json = try Data(contentsOf: Self.folder.appending(path: "expected.json"))
        let all = try JSONDecoder().decode([String: [String: Expected]].self, from: json)
        let expected = try #require(all[name])
        let checkpoint = try Checkpoint(path: Self.folder.appending(path: file).path)
        #expect(checkpoint.names.sorted() == expected.keys.sorted())
        for (tensor, expected) in expected {
            let info = try #require(checkpoint.info(named: tensor))
            #expect(info.dtypeName == expected.dtype, "\(tensor)")
            #expect(info.shape == expected.shape, "\(tensor)")
            if let bits = expected.bits {
                #expect(try checkpoint.tensor(named: tensor).floats().map(\.bitPattern) == bits, "\(tensor)")
            } else {
                #expect(throws: WeightsError.self) { try checkpoint.tensor(named: tensor) }
            }
        }
    }

    @Test func metadataComesThrough() throws {
        let file = try SafetensorsFile(path: Self.folder.appending(path: "single.safetensors").path)
        #expect(file.metadata == ["format": "pt", "note": "é \"quoted\"\n"])
    }
}

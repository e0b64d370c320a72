import LLMTensor
import Testing

@Suite struct StorageTests {
    @Test(arguments: [[0], [0, 1], [0, 1000], [0, 100_000]])
    func `Large storage is zeroed and can be written, whatever nodes there are`(nodes: [Int]) {
        let count = 1 << 20
        let storage = Storage(count: count, nodes: nodes)
        #expect((0..<count).allSatisfy { storage.base[$0] == 0 })
        for index in 0..<count { storage.base[index] = Float(index) }
        #expect((0..<count).allSatisfy { storage.base[$0] == Float($0) })
    }
}

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

    @Test(arguments: [100, 1 << 19, 1_000_003, 1 << 21])
    func `Storage in huge pages is zeroed, can be written, and begins at one if it is large`(count: Int) {
        let storage = Storage(count: count, inHugePages: true)
        if count * 4 >= 2 << 20 { #expect(Int(bitPattern: storage.base) % (2 << 20) == 0) }
        #expect(storage.byteCount == count * 4)
        #expect((0..<count).allSatisfy { storage.base[$0] == 0 })
        for index in 0..<count { storage.base[index] = Float(index) }
        #expect((0..<count).allSatisfy { storage.base[$0] == Float($0) })
    }
}

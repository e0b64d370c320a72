import LLMTensor
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
    @Test(arguments: [1, 2, 5])
    func `Every piece of every job runs once, and is done when the job returns`(threads: Int) {
        let pool = ThreadPool(threads: threads)
        for count in [0, 1, 2, 3, 64, 1000] + Array(repeating: 7, count: 2000) {
            let sum = Atomic<Int>(0)
            let runs = Atomic<Int>(0)
            pool.run(count) { piece in
                sum.add(piece, ordering: .relaxed)
                runs.add(1, ordering: .relaxed)
            }
            #expect(runs.load(ordering: .relaxed) == count)
            #expect(sum.load(ordering: .relaxed) == count * (count - 1) / 2)
        }
    }

    @Test func `A pool whose threads sleep wakes for the next job`() {
        let pool = ThreadPool(threads: 3)
        for _ in 0..<20 {
            let runs = Atomic<Int>(0)
            pool.run(50) { _ in runs.add(1, ordering: .relaxed) }
            #expect(runs.load(ordering: .relaxed) == 50)
            let pause = ContinuousClock.now.advanced(by: .milliseconds(2))
            while ContinuousClock.now < pause {}
        }
    }
}

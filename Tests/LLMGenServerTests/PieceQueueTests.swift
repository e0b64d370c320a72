import LLMGenServer
import Testing

@Suite struct PieceQueueTests {
    private func isQuiet(_ event: PieceQueue.Event) -> Bool { if case .quiet = event { true } else { false } }

    @Test func `What has come is taken at once, in order`() async {
        let queue = PieceQueue()
        queue.push(.quiet)
        queue.push(.gone)
        let events = await queue.next()
        #expect(events.count == 2 && isQuiet(events[0]) && !isQuiet(events[1]))
    }

    @Test func `Who waits gets what comes`() async {
        let queue = PieceQueue()
        let waiting = Task { await queue.next() }
        await Task.yield()
        queue.push(.gone)
        #expect(await waiting.value.count == 1)
    }

    @Test func `A tick tells of quiet only where nothing has come since the last`() async {
        let queue = PieceQueue()
        queue.push(.gone)
        queue.tick()
        #expect(await queue.next().count == 1)
        for _ in 0..<2 {
            queue.tick()
            #expect(await queue.next().map(isQuiet) == [true])
        }
    }
}

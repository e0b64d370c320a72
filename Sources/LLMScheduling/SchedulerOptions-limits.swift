/// What these limits can hold.
extension SchedulerOptions {
    /// The known tokens at which the request's sequence ends; a refusal where these limits cannot hold it.
    public func lengthLimit(of request: SequenceRequest) throws(AdmissionError) -> Int {
        let promptCount = request.prompt.count
        guard promptCount > 0 else { throw .emptyPrompt() }
        guard request.promptStates == nil else { return try lengthLimit(ofPromptAlone: promptCount) }
        guard promptCount < maxModelLength else {
            throw .promptTooLong(promptCount, limit: maxModelLength, longest: longestModelLength)
        }
        if let maxTokens = request.maxTokens {
            guard maxTokens >= 1 else { throw .maxTokensOutOfRange(maxTokens) }
            guard maxTokens <= maxModelLength - promptCount else {
                throw .sequenceTooLong(promptCount, maxTokens: maxTokens, limit: maxModelLength)
            }
        }
        let shortest = promptCount + (request.maxTokens ?? 1)
        if let group = scarcestGroup, shortest > poolCapacity {
            throw .neverFits(promptCount, maxTokens: request.maxTokens, in: group, options: self)
        }
        let places = min(maxNumSeqs, maxNumBatchedTokens)
        guard (1...places).contains(request.width) else { throw .tooWide(request.width, limit: places) }
        if request.runsTogether {
            for group in groups {
                let needed = blocksTogether(request.width, promptCount, shortest, group)
                guard needed <= group.blockCount else {
                    throw .neverFitsTogether(request.width, needed: needed, of: group, options: self)
                }
            }
            // Steps of theirs may be taken back, and so read one slot each and write another.
            guard stateSlots == 0 || 2 * request.width <= stateSlots else {
                throw .neverFitsTogether(request.width, needed: 2 * request.width, options: self)
            }
        }
        let limit = request.maxTokens.map { promptCount + $0 } ?? maxSequenceLength
        guard (0...limit - promptCount).contains(request.minTokens) else {
            throw .minTokensOutOfRange(request.minTokens, limit: limit - promptCount)
        }
        return limit
    }

    /// The same of a request that generates nothing.
    private func lengthLimit(ofPromptAlone promptCount: Int) throws(AdmissionError) -> Int {
        guard promptCount <= maxModelLength else {
            throw .promptAloneTooLong(promptCount, limit: maxModelLength, longest: longestModelLength)
        }
        if let group = scarcestGroup, promptCount > poolCapacity {
            throw .promptAloneNeverFits(promptCount, in: group, options: self)
        }
        return promptCount
    }
    /// Blocks of a group that `width` sequences of `length` tokens need at a time, which share what is full of a prompt.
    private func blocksTogether(_ width: Int, _ promptCount: Int, _ length: Int, _ group: CacheGroup) -> Int {
        let shared = promptCount / blockSize
        let apart = width * blocksNeeded(length, group)
        // One more for the block that the first of them to write still reads from.
        return min(shared + width * (blocks(covering: length) - shared), apart) + 1
    }

    /// Blocks of a group that one sequence of `length` tokens needs, computed token by token where it must.
    func blocksNeeded(_ length: Int, _ group: CacheGroup) -> Int {
        CacheGroup.blocks(perSequence: length, window: group.window, chunk: 1, blockSize: blockSize)
    }
}

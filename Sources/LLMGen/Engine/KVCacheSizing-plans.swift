import LLMScheduling

/// What there would be within a budget.
extension KVCacheSizing {
    /// How many slots there are for states.
    struct StatePlan {
        private let bytes: Int
        private let sequences: Int
        private let snapshots: Int
        private let areAlone: Bool
        private let given: Int?

        /// Snapshots for each sequence that may run: of a prompt's end and an answer's, and what earlier ones left.
        private static let snapshotsPerSequence = 4

        init(_ options: EngineOptions, bytes: Int, areAlone: Bool) {
            self.bytes = bytes
            self.areAlone = areAlone
            given = options.stateSlots
            sequences = min(options.maxNumSeqs, Int(Int32.max) / 8)
            snapshots = options.prefixCaching ? sequences * StatePlan.snapshotsPerSequence : 0
        }

        /// As many as are of use.
        var all: Int { bytes == 0 ? 0 : given ?? sequences + snapshots }

        /// Slots, one at least, within a budget that blocks are to share.
        func slots(within budget: Int) -> Int {
            guard bytes > 0 else { return 0 }
            let quarter = max(0, budget) / 4
            let running = max(1, min(sequences, quarter * (areAlone ? 3 : 2) / bytes))
            return given ?? running + min(snapshots, quarter / bytes)
        }
    }

    /// How many blocks each group has for so many of the largest, and what they take.
    struct Plan {
        private let groups: [GroupCost]
        private let most: [Int]  // of each group; more are of no use
        /// Blocks for all sequences at full length.
        let all: Int
        /// Blocks that a sequence at full length needs at least.
        let leastOfSequence: Int

        init(_ options: EngineOptions, _ groups: [GroupCost], maxLength: Int) {
            self.groups = groups
            func ofSequence(_ group: GroupCost) -> Int {
                CacheGroup.blocks(
                    perSequence: maxLength, window: group.window, chunk: 1, blockSize: options.blockSize)
            }
            // A step's tokens are on top of the windows, whoever's they are.
            let step = (options.maxNumBatchedTokens + options.blockSize - 1) / options.blockSize
            most = groups.map { group in
                guard group.window != nil else { return Int(Int32.max) }
                let (windows, overflow) = ofSequence(group).multipliedReportingOverflow(by: options.maxNumSeqs)
                return overflow ? Int(Int32.max) : min(windows + step, Int(Int32.max))
            }
            leastOfSequence = groups.map(ofSequence).max() ?? 0
            all =
                zip(groups, most).map { group, most in
                    let (blocks, overflow) = ofSequence(group).multipliedReportingOverflow(by: options.maxNumSeqs)
                    return overflow ? Int.max : group.window == nil ? blocks : most
                }.max() ?? 0
        }

        /// Blocks of a group where the largest has `blockCount`.
        func count(_ index: Int, _ blockCount: Int) -> Int { min(blockCount, most[index]) }

        /// Bytes of all groups; `Int.max` where they are more.
        func bytes(_ blockCount: Int) -> Int {
            groups.indices.reduce(0) { sum, index in
                let (bytes, overflow) = groups[index].blockBytes
                    .multipliedReportingOverflow(by: count(index, blockCount))
                return overflow ? .max : KVCacheSizing.sum(sum, bytes)
            }
        }

        /// The most blocks, one at least where there are groups, that take no more than `limit` bytes.
        func blocks(within limit: Int) -> Int {
            guard !groups.isEmpty else { return 0 }
            var (fits, tooMany) = (1, min(Int(Int32.max), most.max() ?? 1) + 1)
            while tooMany - fits > 1 {
                let middle = (fits + tooMany) / 2
                if bytes(middle) <= limit { fits = middle } else { tooMany = middle }
            }
            return fits
        }
    }
}

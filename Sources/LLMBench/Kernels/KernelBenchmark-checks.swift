public import LLMGen

extension KernelBenchmark {
    /// A benchmark of the kernels whose names have `filter` in them, in `runs` turns with their limits.
    ///
    /// - Throws: ``LLMGenError`` `invalidArgument` for options that this machine or the kernels do not have.
    public init(
        threads: Int? = nil, cpuFeatures: CPUFeatures? = nil, runs: Int = 7, filter: String? = nil
    ) throws(LLMGenError) {
        guard runs >= KernelBenchmark.minimumRuns else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "repeat is \(runs); it must be at least \(KernelBenchmark.minimumRuns), for a median of turns")
        }
        self.init(
            try LoadOptions(threads: threads, cpuFeatures: cpuFeatures).compute(), runs: runs, filter: filter)
        guard !chosenKernels.isEmpty else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "filter is '\(filter ?? "")', which no kernel has in its name; "
                    + "they are \(KernelBenchmark.kernels.joined(separator: ", "))")
        }
    }
}

extension KernelBenchmark.Result {
    /// - Throws: ``LLMGenError`` `failed` where the kernel is faster than its limit, which is then measured wrong.
    public func check() throws(LLMGenError) {
        guard exceedsLimit else { return }
        throw LLMGenError(
            code: .failed,
            message: "\(kernel), \(shape), rows \(rows): \(Int(seconds * 1e9)) ns is "
                + "\(Int((ofLimit * 100).rounded())) % of the speed that \(boundName) allows, "
                + "\(Int(boundSeconds * 1e9)) ns, which is measured wrong; run nothing else, and try again")
    }

    /// What bounds the kernel: `memory`, or the multiply-adds' name.
    public var boundName: String {
        switch bound {
        case .memory: "memory"
        case .operations(let kind): kind.rawValue
        }
    }
}

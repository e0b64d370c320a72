import LLMTensor
import LLMTestSupport
import Testing

@Suite struct MemoryLimitTests {
    private static let meminfo = """
        MemTotal:        8388608 kB
        MemFree:         1048576 kB
        MemAvailable:    6291456 kB
        HugePages_Total:       0

        """
    private static let gibibyte = 1 << 30
    private static let machine = MemoryLimit(total: 8 << 30, available: 6 << 30, isContainer: false)

    private func limit(_ files: [String: String], meminfo: String = Self.meminfo) throws -> MemoryLimit {
        try SystemRoot.with(["proc/meminfo": meminfo].merging(files) { $1 }) { MemoryLimit(root: $0) }
    }

    /// The limit of a process in the group `/a/b` of version 2, with files of `/sys/fs/cgroup`.
    private func limit2(_ files: [String: String], group: String = "0::/a/b\n") throws -> MemoryLimit {
        let files = Dictionary(uniqueKeysWithValues: files.map { ("sys/fs/cgroup/\($0)", $1) })
        return try limit(files.merging(["proc/self/cgroup": group]) { $1 })
    }

    private func container(_ total: Int, _ available: Int) -> MemoryLimit {
        MemoryLimit(total: total, available: available, isContainer: true)
    }

    @Test func `Without a control group the machine's available memory counts`() throws {
        #expect(try limit([:]) == Self.machine)
    }

    @Test(arguments: ["", "MemTotal: 8388608 kB", "MemTotal: 8388608 kB\nMemAvailable: 99999999 kB\n"])
    func `Where the available memory is not told it is all there is`(meminfo: String) throws {
        let limit = try limit([:], meminfo: meminfo)
        #expect(limit.available == limit.total && limit.total > 0 && !limit.isContainer)
        #expect(meminfo.isEmpty || limit.total == 8 << 30)
    }

    @Test(arguments: ["MemTotal: -5 kB\n", "MemTotal: 9007199254740993 kB\n", "MemTotal: 5\n", "MemTotal: 5 MB\n"])
    func `An odd line is as good as none`(line: String) throws {
        #expect(try limit([:], meminfo: line) == limit([:], meminfo: ""))
    }

    @Test func `A group's limit counts less its use, and files that can go are not use`() throws {
        let files = ["a/b/memory.max": "1073741824\n", "a/b/memory.current": "536870912\n"]
        #expect(try limit2(files) == container(Self.gibibyte, 512 << 20))
        let stat = [
            "a/b/memory.stat": "anon 104857600\nfile 402653184\ninactive_file 268435456\nactive_file 134217728\n"
        ]
        #expect(try limit2(files.merging(stat) { $1 }) == container(Self.gibibyte, 768 << 20))
    }

    @Test func `A use above the limit leaves nothing, and file contents above the use count as all of it`() throws {
        let limit = ["a/b/memory.max": "1000\n"]
        #expect(try limit2(limit.merging(["a/b/memory.current": "2000\n"]) { $1 }) == container(1000, 0))
        let stat = ["a/b/memory.current": "200\n", "a/b/memory.stat": "inactive_file 300\n"]
        #expect(try limit2(limit.merging(stat) { $1 }) == container(1000, 1000))
    }

    @Test func `memory high bounds where it is less than memory max`() throws {
        #expect(try limit2(["a/b/memory.max": "2000\n", "a/b/memory.high": "1000\n"]) == container(1000, 1000))
        #expect(try limit2(["a/b/memory.max": "max\n", "a/b/memory.high": "1000\n"]) == container(1000, 1000))
        #expect(try limit2(["a/b/memory.max": "1000\n", "a/b/memory.high": "max\n"]) == container(1000, 1000))
    }

    @Test func `The group that leaves the least counts, from the own one up to the root`() throws {
        let files = [
            "a/b/memory.max": "1000\n", "a/b/memory.current": "100\n", "a/memory.max": "4000\n",
            "a/memory.current": "3500\n", "memory.max": "8000\n", "memory.current": "4000\n",
        ]
        #expect(try limit2(files) == container(4000, 500))
        #expect(try limit2(files, group: "0::/\n") == container(8000, 4000))
        #expect(try limit2(files, group: "0::/not/there\n") == container(8000, 4000))
        #expect(try limit2(files, group: "0::/../a\n") == container(8000, 4000))
    }

    @Test(arguments: ["max", "", "-1", "1 2", "lots", "99999999999999999999", "107374182400"])
    func `A limit that is none, odd or above the machine's memory leaves the machine's`(text: String) throws {
        #expect(try limit2(["a/b/memory.max": "\(text)\n", "a/b/memory.current": "5\n"]) == Self.machine)
    }

    @Test(arguments: ["", "x", "-1"])
    func `An odd use counts as none`(text: String) throws {
        let files = [
            "a/b/memory.max": "1000\n", "a/b/memory.current": text, "a/b/memory.stat": "inactive_file \(text)",
        ]
        #expect(try limit2(files) == container(1000, 1000))
    }

    @Test func `Version 1 has its files in the memory controller's own tree`() throws {
        let group = ["proc/self/cgroup": "9:cpu,cpuacct:/c\n4:memory:/docker/x\n0::/\n"]
        let files = [
            "memory/docker/x/memory.limit_in_bytes": "2147483648\n",
            "memory/docker/x/memory.usage_in_bytes": "1073741824\n",
            "memory/docker/x/memory.stat": "inactive_file 1\ntotal_cache 9\ntotal_inactive_file 536870912\n",
            "memory/memory.limit_in_bytes": "9223372036854771712\n", "memory/memory.usage_in_bytes": "8000000000\n",
            "cpu/c/memory.limit_in_bytes": "1\n",
        ]
        let paths = Dictionary(uniqueKeysWithValues: files.map { ("sys/fs/cgroup/\($0)", $1) })
        #expect(try limit(group.merging(paths) { $1 }) == container(2 << 30, 3 << 29))
    }

    @Test func `This machine has memory, and no more available than there is`() {
        let limit = MemoryLimit()
        #expect(limit.total > 0 && 0...limit.total ~= limit.available)
    }
}

import Foundation
import LLMTensor
import LLMTestSupport
import Testing

@Suite struct CPUTopologyTests {
    /// The topology of a process that may run on `processors`, with files of the given contents, paths under the root.
    private func topology(_ processors: String, _ files: [String: String]) throws -> CPUTopology {
        let machine = [
            "proc/thread-self/status": "Name:\tllmgen\nCpus_allowed_list:\t\(processors)\nThreads:\t1\n",
            "sys/devices/system/cpu/online": "0-8191\n",
        ]
        return try SystemRoot.with(machine.merging(files, uniquingKeysWith: { $1 })) { CPUTopology(root: $0) }
    }

    private func siblings(_ lists: [Int: String]) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: lists.map {
                ("sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list", "\($1)\n")
            })
    }

    private static let group2 = ["proc/self/cgroup": "0::/a/b\n"]
    private static let group1 = ["proc/self/cgroup": "9:name=systemd:/\n4:memory:/m\n3:cpuset:/s\n2:cpu,cpuacct:/a\n"]

    private func quota(_ group: [String: String], _ files: [String: String]) throws -> Int? {
        let files = Dictionary(uniqueKeysWithValues: files.map { ("sys/fs/cgroup/\($0)", $1) })
        return try topology("0-63", group.merging(files) { $1 }).quota
    }

    @Test func `Hardware threads of one core count once`() throws {
        let files = siblings([0: "0,4", 1: "1,5", 4: "0,4", 5: "1,5", 6: "6-7", 7: "6-7"])
        #expect(try topology("0,1,4,5,6,7", files).cores == 3)
        #expect(try topology("4,7", files).cores == 2)
        #expect(try topology("0,4", files).cores == 1)
    }

    @Test(arguments: ["", "x", "3", "0-", "-1", "1-0", "0,0", "0-99999999999999999999", "0-4294967296", "0 1", "0,,1"])
    func `A processor whose siblings are missing or odd is a core of its own`(list: String) throws {
        #expect(try topology("0,1,2", [:]).cores == 3)
        #expect(try topology("0,1,2", siblings([0: list, 1: list, 2: "2-3"])).cores == 3)
    }

    @Test(arguments: ["", "0-99999999", "all", "3-1", "6-7"])
    func `A mask that makes no sense counts as the processors that are online`(mask: String) throws {
        #expect(try topology(mask, ["sys/devices/system/cpu/online": "0-3,5\n"]).cores == 5)
    }

    @Test(arguments: ["", "none"])
    func `There is a core whatever the system tells`(online: String) throws {
        #expect(try topology("", ["sys/devices/system/cpu/online": online]).threads >= 1)
    }

    @Test func `Processors of the mask that are not there do not count`() throws {
        #expect(try topology("0-127", ["sys/devices/system/cpu/online": "0-5,8\n"]).cores == 7)
    }

    @Test func `A mask may have thousands of processors`() throws {
        #expect(try topology("0-4095,8000", [:]).threads == 4097)
    }

    @Test(arguments: [
        ("400000 100000", 4), ("150000 100000", 1), ("50000 100000", 1), ("199999 100000", 1), ("max 100000", nil),
        ("-1 100000", nil), ("0 100000", nil), ("100000 0", nil), ("100000", nil), ("", nil), ("1 2 3", nil),
        ("99999999999999999999 100000", nil), ("many 100000", nil),
    ])
    func `A quota is rounded down to whole processors, at least one, or ignored where it is odd`(
        text: String, expected: Int?
    ) throws {
        #expect(try quota(Self.group2, ["a/b/cpu.max": "\(text)\n"]) == expected)
    }

    @Test func `The least quota from the group up to the root counts`() throws {
        let quotas = ["cpu.max": "600000 100000", "a/cpu.max": "300000 100000", "a/b/cpu.max": "400000 100000"]
        #expect(try quota(Self.group2, quotas) == 3)
        #expect(try quota(Self.group2, ["cpu.max": "600000 100000", "a/b/cpu.max": "max 100000"]) == 6)
    }

    @Test func `Version 1 has the quota and the period in two files`() throws {
        let period = ["cpu/a/cpu.cfs_period_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"]
        #expect(try quota(Self.group1, period.merging(["cpu/a/cpu.cfs_quota_us": "100000\n"]) { $1 }) == 2)
        #expect(try quota(Self.group1, period.merging(["cpu/a/cpu.cfs_quota_us": "-1\n"]) { $1 }) == nil)
        #expect(try quota(Self.group1, period.merging(["cpu/cpu.cfs_quota_us": "500000\n"]) { $1 }) == 5)
        #expect(try quota(Self.group1, ["cpu/a/cpu.cfs_quota_us": "100000\n"]) == nil)
    }

    @Test(arguments: ["0::/../x\n", "0::/host/name\n", "0::\n", "0::/\n"])
    func `Where the group's own folder is not in sight the root's quota counts`(group: String) throws {
        let outside = ["x/cpu.max": "100000 100000", "cpu.max": "200000 100000"]
        #expect(try quota(["proc/self/cgroup": group], outside) == 2)
    }

    @Test func `A group file that makes no sense is ignored`() throws {
        for text in ["", "\n\n", "::", "0:/a", ":cpu:/a", String(repeating: "/", count: 100_000)] {
            #expect(try quota(["proc/self/cgroup": text], ["a/cpu.max": "100000 100000"]) == nil)
        }
        let long = "0::" + String(repeating: "/", count: 50_000)
        #expect(try quota(["proc/self/cgroup": long], ["cpu.max": "100000 100000"]) == 1)
    }

    @Test func `Threads are one a core, within the quota`() throws {
        let group = ["proc/self/cgroup": "0::/\n"]
        let cores = siblings([0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"])
        for (quota, threads) in [("max", 2), ("300000", 2), ("200000", 2), ("190000", 1), ("10000", 1)] {
            let files = group.merging(["sys/fs/cgroup/cpu.max": "\(quota) 100000\n"]) { $1 }.merging(cores) { $1 }
            #expect(try topology("0,1,2,3", files).threads == threads)
        }
    }

    @Test func `Nodes are those with a processor of the mask`() throws {
        let files = [
            "sys/devices/system/node/online": "0-3,5\n", "sys/devices/system/node/node0/cpulist": "0-7,16-23\n",
            "sys/devices/system/node/node1/cpulist": "8-15\n", "sys/devices/system/node/node2/cpulist": "\n",
            "sys/devices/system/node/node5/cpulist": "24\n",
        ]
        #expect(try topology("0,1,17", files).nodes == [0])
        #expect(try topology("7,8,24", files).nodes == [0, 1, 5])
        #expect(try topology("7,8", [:]).nodes == [])
        #expect(try topology("0", ["sys/devices/system/node/online": "0-9999999"]).nodes == [])
    }

    @Test func `This machine has a core, and no more of them than processors`() {
        let topology = CPUTopology()
        #expect(1...ProcessInfo.processInfo.processorCount ~= topology.cores)
        #expect(1...topology.cores ~= topology.threads)
    }
}

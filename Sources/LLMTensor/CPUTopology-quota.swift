/// Bytes that a path may have, `PATH_MAX`.
private let pathLimit = 4096

extension CPUTopology {
    /// The least quota of the process's control groups, from its own up to the root, in whole processors.
    ///
    /// Version 2 has `cpu.max`, "quota period" or "max period"; version 1 has two files, and a quota of -1 for none.
    /// https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files and
    /// https://docs.kernel.org/scheduler/sched-bwc.html
    static func quota(root: String) -> Int? {
        let groups = SystemFile.text("\(root)/proc/self/cgroup")?.split(separator: "\n") ?? []
        let quotas = groups.flatMap { line -> [Int] in
            // hierarchy number:controllers:path, where version 2 has number 0 and names no controllers
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            if fields[0] == "0", fields[1].isEmpty {
                return ancestry(fields[2]).compactMap { group in
                    let words = SystemFile.words("\(root)/sys/fs/cgroup\(group)/cpu.max") ?? []
                    return words.count == 2 ? processors(quota: words[0], period: words[1]) : nil
                }
            }
            guard fields[1].split(separator: ",").contains("cpu") else { return [] }
            return ancestry(fields[2]).compactMap { group in
                let folder = "\(root)/sys/fs/cgroup/cpu\(group)"
                guard let quota = SystemFile.words("\(folder)/cpu.cfs_quota_us"), quota.count == 1,
                    let period = SystemFile.words("\(folder)/cpu.cfs_period_us"), period.count == 1
                else { return nil }
                return processors(quota: quota[0], period: period[0])
            }
        }
        return quotas.min()
    }

    /// A group's path and those above it; the root is empty. A path out of what the process can see has the root alone.
    ///
    /// In a container the path may be that of the host while the container's own group is mounted as the root: the
    /// folders that are not there are passed over, and the root has the quota.
    private static func ancestry(_ path: Substring) -> [Substring] {
        guard path.hasPrefix("/"), path.utf8.count <= pathLimit, !path.split(separator: "/").contains("..") else {
            return [""]
        }
        var groups: [Substring] = []
        var path = path
        while let slash = path.lastIndex(of: "/") {
            groups.append(path)
            path = path[..<slash]
        }
        return groups + [""]
    }

    private static func processors(quota: Substring, period: Substring) -> Int? {
        guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else { return nil }
        return max(1, quota / period)
    }
}

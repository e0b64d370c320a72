extension CPUTopology {
    /// The least quota of the process's control groups, from its own up to the root, in whole processors.
    ///
    /// Version 2 has `cpu.max`, "quota period" or "max period"; version 1 has two files, and a quota of -1 for none.
    /// https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files and
    /// https://docs.kernel.org/scheduler/sched-bwc.html
    static func quota(root: String) -> Int? {
        ControlGroup.groups(of: "cpu", root: root).compactMap { group in
            if group.isVersion2 {
                let words = group.words("cpu.max") ?? []
                return words.count == 2 ? processors(quota: words[0], period: words[1]) : nil
            }
            guard let quota = group.words("cpu.cfs_quota_us"), quota.count == 1,
                let period = group.words("cpu.cfs_period_us"), period.count == 1
            else { return nil }
            return processors(quota: quota[0], period: period[0])
        }
        .min()
    }

    private static func processors(quota: Substring, period: Substring) -> Int? {
        guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else { return nil }
        return max(1, quota / period)
    }
}

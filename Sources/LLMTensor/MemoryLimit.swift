import Glibc

/// Memory that this process may still take, and what bounds it: the machine or a control group, as a container is one.
///
/// Memory that holds file contents only, such as mapped weights that are in use no more, counts as there to be taken.
/// Swap does not: what every step reads must be in memory. A file of the system that is missing or odd is ignored.
package struct MemoryLimit: Sendable, Equatable {
    /// Bytes that there are in all: the machine's memory, or the control group's limit.
    package let total: Int
    /// Bytes of them that this process may still take.
    package let available: Int
    /// Whether it is a control group that leaves the least, not the machine.
    package let isContainer: Bool

    /// A limit of these numbers of bytes.
    package init(total: Int, available: Int, isContainer: Bool) {
        self.total = total
        self.available = available
        self.isContainer = isContainer
    }

    /// What the system tells now: of the machine and of every control group that this process is in, from its own up to
    /// the root, the one that leaves the least.
    ///
    /// - Parameter root: the folder that holds `sys` and `proc`.
    package init(root: String = "") {
        let machine = MemoryLimit.machine(root: root)
        let groups = ControlGroup.groups(of: "memory", root: root).compactMap(MemoryLimit.init)
        self =
            groups.min { $0.available < $1.available }.flatMap { $0.available < machine.available ? $0 : nil }
            ?? machine
    }

    /// `MemTotal` and `MemAvailable` of `/proc/meminfo`, in kB: the kernel's own estimate of what can be taken without
    /// swapping. https://docs.kernel.org/filesystems/proc.html#meminfo
    private static func machine(root: String) -> MemoryLimit {
        let lines = SystemFile.text("\(root)/proc/meminfo")?.split(separator: "\n") ?? []
        func bytes(_ label: String) -> Int? {
            let words = lines.first { $0.hasPrefix(label) }?.dropFirst(label.count).split(separator: " ") ?? []
            guard words.count == 2, words[1] == "kB", let count = Int(words[0]), count >= 0 else { return nil }
            let (bytes, overflow) = count.multipliedReportingOverflow(by: 1024)
            return overflow ? nil : bytes
        }
        let total = bytes("MemTotal:") ?? sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        return MemoryLimit(total: total, available: min(total, bytes("MemAvailable:") ?? total), isContainer: false)
    }

    /// A group's limit, less what its processes use without the file contents that can go at once (`inactive_file`);
    /// nil for a group without a limit.
    ///
    /// In version 2 the limit is `memory.max`, or `memory.high` where that is less: above it the kernel kills nobody but
    /// slows the group down until it reclaims as much, and memory that every step reads cannot be reclaimed. In version 1
    /// it is `memory.limit_in_bytes`, and groups without a limit have a huge one. Both versions count the groups beneath
    /// a group in its use; version 1 has them in the `total_` fields of `memory.stat`.
    private init?(_ group: ControlGroup) {
        let limits = group.isVersion2 ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"]
        guard let limit = limits.compactMap(group.number).min() else { return nil }
        let used = group.number(group.isVersion2 ? "memory.current" : "memory.usage_in_bytes") ?? 0
        let words = group.words("memory.stat") ?? []
        let field = group.isVersion2 ? "inactive_file" : "total_inactive_file"
        let reclaimable = words.firstIndex(of: field[...]).flatMap { words[($0 + 1)...].first }.flatMap { Int($0) } ?? 0
        total = limit
        available = max(0, limit - max(0, used - max(0, reclaimable)))
        isContainer = true
    }
}

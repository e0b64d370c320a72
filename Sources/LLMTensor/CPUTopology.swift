import Glibc

/// The part of the machine that this process may use.
///
/// The kernel's files under `/sys` and `/proc` tell it. Where one is missing or odd, the machine is taken to be as
/// simple as it can be: a core for each processor, no quota, one memory node.
package struct CPUTopology: Sendable, Equatable {
    /// Physical cores with a processor (hardware thread) that the process may run on; at least 1.
    package let cores: Int
    /// Whole processors' worth of time that the control groups' CPU quotas grant, at least 1; nil where there is none.
    package let quota: Int?
    /// Memory nodes of the processors that the process may run on, rising; empty where the system does not tell.
    package let nodes: [Int]

    /// - Parameter root: the folder that holds `sys` and `proc`.
    package init(root: String = "") {
        let processors = CPUTopology.processors(root: root)
        cores = max(1, CPUTopology.cores(of: processors, root: root))
        quota = CPUTopology.quota(root: root)
        nodes = CPUTopology.nodes(of: processors, root: root)
    }

    /// Threads worth running for work that keeps a core busy: one a core, within the quota.
    ///
    /// Two threads of a core share its arithmetic units. A quota is rounded down: a pool that uses it up is stopped as
    /// a whole until the next period, tens of milliseconds later.
    package var threads: Int { min(cores, quota ?? cores) }

    /// Numbers of the online processors in the calling thread's affinity mask.
    ///
    /// The kernel's mask may have processors that the machine could have and has not.
    private static func processors(root: String) -> [Int] {
        let online = SystemFile.list("\(root)/sys/devices/system/cpu/online") ?? [0...max(1, onlineCount) - 1]
        let lines = SystemFile.text("\(root)/proc/thread-self/status")?.split(separator: "\n") ?? []
        let label = "Cpus_allowed_list:"
        let line = lines.first { $0.hasPrefix(label) }
        let allowed = line.flatMap { SystemFile.list(of: $0.dropFirst(label.count)) } ?? []
        let processors = allowed.joined().filter { number in online.contains { $0.contains(number) } }
        return processors.isEmpty ? Array(online.joined()) : processors
    }

    private static var onlineCount: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

    /// Processors that share a core list one another as siblings; the lowest stands for the core.
    private static func cores(of processors: [Int], root: String) -> Int {
        let cores = processors.map { processor in
            let siblings = SystemFile.list(
                "\(root)/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list")
            guard let siblings, siblings.contains(where: { $0.contains(processor) }) else { return processor }
            return siblings[0].lowerBound
        }
        return Set(cores).count
    }

    private static func nodes(of processors: [Int], root: String) -> [Int] {
        let folder = "\(root)/sys/devices/system/node"
        guard let online = SystemFile.list("\(folder)/online") else { return [] }
        return online.joined().filter { node in
            guard let members = SystemFile.list("\(folder)/node\(node)/cpulist") else { return false }
            return processors.contains { processor in members.contains { $0.contains(processor) } }
        }
    }
}

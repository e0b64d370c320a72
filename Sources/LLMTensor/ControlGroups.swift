/// A control group that this process is in, or one above it: the folder with its files.
///
/// https://docs.kernel.org/admin-guide/cgroup-v2.html and
/// https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html
struct ControlGroup {
    /// Version 2 has one tree for all controllers, version 1 one for each.
    let isVersion2: Bool
    /// The folder that holds the group's files.
    let folder: String

    /// Bytes that a path may have, `PATH_MAX`.
    private static let pathLimit = 4096

    /// The groups that may bound what a controller, such as `cpu` or `memory`, gives to this process: in each tree its
    /// own first, the root last.
    ///
    /// - Parameter root: the folder that holds `sys` and `proc`.
    static func groups(of controller: String, root: String) -> [ControlGroup] {
        let lines = SystemFile.text("\(root)/proc/self/cgroup")?.split(separator: "\n") ?? []
        return lines.flatMap { line -> [ControlGroup] in
            // hierarchy number:controllers:path, where version 2 has number 0 and names no controllers
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            let isVersion2 = fields[0] == "0" && fields[1].isEmpty
            guard isVersion2 || fields[1].split(separator: ",").contains(controller[...]) else { return [] }
            let tree = "\(root)/sys/fs/cgroup" + (isVersion2 ? "" : "/\(controller)")
            return ancestry(fields[2]).map { ControlGroup(isVersion2: isVersion2, folder: "\(tree)\($0)") }
        }
    }

    /// Words of one of the group's files; nil where there is none.
    func words(_ file: String) -> [Substring]? { SystemFile.words("\(folder)/\(file)") }

    /// The one whole number, 0 or more, that is one of the group's files; nil where there is none, as for `max`.
    func number(_ file: String) -> Int? {
        guard let words = words(file), words.count == 1, let number = Int(words[0]), number >= 0 else { return nil }
        return number
    }

    /// A group's path and those above it; the root is empty. A path out of what the process can see has the root alone.
    ///
    /// In a container the path may be that of the host while the container's own group is mounted as the root: the
    /// folders that are not there have no files, and the root has the limits.
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
}

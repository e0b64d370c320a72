import Foundation

/// The machine that a measurement was made on, as its system describes it.
public struct Machine: Sendable, Encodable {
    /// The processor's name.
    public let cpu: String
    /// Hardware threads that the process may use.
    public let cpus: Int
    /// Bytes of memory.
    public let memory_bytes: Int
    /// The time of the measurement, in UTC.
    public let time: String

    /// This machine, now.
    public init() {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = info.split(separator: "\n").first { $0.hasPrefix("model name") || $0.hasPrefix("CPU part") }
        let name = line?.split(separator: ":", maxSplits: 1).last ?? "unknown"
        cpu = name.trimmingCharacters(in: .whitespaces)
        cpus = ProcessInfo.processInfo.activeProcessorCount
        memory_bytes = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        time = Date.now.formatted(.iso8601)
    }
}

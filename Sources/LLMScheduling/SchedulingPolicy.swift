/// Who is served first.
public enum SchedulingPolicy: String, Sendable, CaseIterable {
    /// First come, first served.
    case fcfs
    /// The lower `priority` of a request first, and those alike as they came. One that waits takes the blocks or the
    /// place of less important ones that run.
    case priority
}

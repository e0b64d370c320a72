import Dispatch
import Hummingbird

/// Has requests with long bodies read on one thread of their own, one after another where they are there at once.
///
/// To read JSON of some megabytes and to find its tokens takes seconds; a few of these would take all the threads that
/// serve requests, short ones and `/health` among them.
struct LongBodyMiddleware: RouterMiddleware {
    /// Bytes of a body that are read at once without anybody noticing.
    static let shortBodyBytes = 64 << 10

    private let thread = LongBodyThread()

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        // A body in chunks, which has no length, may become long.
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? .max
        guard request.method == .post, length > LongBodyMiddleware.shortBodyBytes else {
            return try await next(request, context)
        }
        return try await withTaskExecutorPreference(thread) { try await next(request, context) }
    }
}

/// Runs the parts of tasks that prefer it one after another.
private final class LongBodyThread: TaskExecutor {
    private let queue = DispatchQueue(label: "llmgen.long-bodies")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

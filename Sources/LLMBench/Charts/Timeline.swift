/// What a run did over time.
struct Timeline {
    private let activities: [Activity]
    private let seconds: Double
    /// Seconds of a bin: a fiftieth of the run, but no less than 10 ms.
    private let width: Double

    init(_ activities: [Activity], _ seconds: Double) {
        self.activities = activities
        self.seconds = seconds
        width = max(seconds / 50, 0.01)
    }

    /// Tokens a second and requests at once.
    func charts(_ steady: SteadyState?) -> [Chart] {
        let band = steady.map { (from: $0.startSeconds, to: $0.endSeconds, name: "steady") }
        let outputs = activities.flatMap { $0.tokenSeconds.map { ($0, 1) } }
        let inputs = activities.compactMap { activity in activity.tokenSeconds.first.map { ($0, activity.inputTokens) }
        }
        return [
            Chart(
                "Throughput over time", x: "time, s", y: "tokens/s",
                [
                    Chart.Series("generated tokens", rates(outputs), style: .steps),
                    Chart.Series("prompt tokens, at their first token", rates(inputs), style: .steps),
                ], band: band),
            Chart(
                "Requests at once", x: "time, s", y: "requests", [Chart.Series("running", running, style: .steps)],
                band: band),
        ]
    }

    /// What comes in each bin, a second.
    private func rates(_ events: [(seconds: Double, count: Int)]) -> [(x: Double, y: Double)] {
        var bins = Array(repeating: 0, count: max(1, Int(seconds / width)) + 1)
        for event in events { bins[min(max(0, Int(event.seconds / width)), bins.count - 1)] += event.count }
        var points: [(x: Double, y: Double)] = []
        for (index, count) in bins.enumerated() {
            // The last bin is a part of one.
            let start = Double(index) * width
            let length = min(width, seconds - start)
            if length > width / 10 { points.append((start, Double(count) / length)) }
        }
        return points + [(seconds, 0)]
    }

    /// How many run, at most 2,000 points.
    private var running: [(x: Double, y: Double)] {
        let changes = activities.flatMap { [($0.start, 1), ($0.end, -1)] }.sorted(by: <)
        var current = 0
        var points: [(x: Double, y: Double)] = [(0, 0)]
        for (time, change) in changes {
            current += change
            points.append((time, Double(current)))
        }
        let stride = max(1, points.count / 2000)
        let chosen = Swift.stride(from: 0, to: points.count, by: stride).map { points[$0] }
        return chosen + points.suffix(1)
    }
}

import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure speed.",
        subcommands: [
            BenchThroughputCommand.self, BenchLatencyCommand.self, BenchKernelsCommand.self, BenchSchedulerCommand.self,
            BenchInterferenceCommand.self, BenchServeCommand.self, BenchCompareCommand.self,
        ])
}

import ArgumentParser
import Foundation
import LLMBench
import LLMGen

/// Where a measurement goes besides the table.
struct ReportOptionGroup: ParsableArguments {
    @Flag(help: "Print one JSON object after the table.")
    var json = false

    @Option(help: ArgumentHelp("Write that object with every request to a file.", valueName: "file"))
    var save: String?

    @Option(help: ArgumentHelp("Draw charts into a file, as SVG.", valueName: "file.svg"))
    var plot: String?

    /// Refuses files that cannot be written, before anything is measured.
    func check() throws(LLMGenError) {
        for (option, path) in [("save", save), ("plot", plot)] {
            guard let path else { continue }
            let url = URL(fileURLWithPath: path)
            var isFolder: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            let folder = url.deletingLastPathComponent().path
            guard isThere ? !isFolder.boolValue : FileManager.default.isWritableFile(atPath: folder) else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "\(option) is '\(path)', which cannot be written; give a file in a folder that can")
            }
        }
    }

    /// Prints the object, and writes the files.
    func write(
        _ report: some Encodable, saved: @autoclosure () -> some Encodable, charts: @autoclosure () -> ChartPage
    ) throws {
        if let save { try write(Data((saved().line() + "\n").utf8), to: save) }
        if let plot { try write(Data(charts().svg.utf8), to: plot) }
        if json { try report.printLine() }
    }

    private func write(_ data: Data, to path: String) throws(LLMGenError) {
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw LLMGenError(
                code: .failed, message: "'\(path)' cannot be written; check its folder and the room there", cause: error
            )
        }
    }
}

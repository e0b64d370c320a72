internal import Foundation

// Checks of JSON schemas against public collections: `structured-output maskbench FOLDER`, and
// `structured-output suite FOLDER`. The last line is one JSON object.
let arguments = CommandLine.arguments.dropFirst()
switch arguments.first {
case "maskbench" where arguments.count >= 2: try MaskBench.run(Array(arguments.dropFirst()))
case "suite" where arguments.count >= 2: try TestSuite.run(Array(arguments.dropFirst()))
default:
    FileHandle.standardError.write(
        Data("usage: structured-output maskbench FOLDER | structured-output suite FOLDER\n".utf8))
    exit(64)
}

internal import Foundation

// Checks of JSON schemas against public collections: `structured-output maskbench FOLDER [--any-order]`, and
// `structured-output suite FOLDER`, whose last line is one JSON object; and random documents, `structured-output sample FILE
// [COUNT]`, for `random_schemas.py`; and times of masks, `structured-output masks VOCABULARY DOCUMENTS`, for `masks.py`.
let arguments = CommandLine.arguments.dropFirst()
switch arguments.first {
case "maskbench" where arguments.count >= 2: try MaskBench.run(Array(arguments.dropFirst()))
case "suite" where arguments.count >= 2: try TestSuite.run(Array(arguments.dropFirst()))
case "masks" where arguments.count >= 3: try Masks.run(Array(arguments.dropFirst()))
case "sample" where arguments.count >= 2: try Sampling.run(Array(arguments.dropFirst()))
default:
    FileHandle.standardError.write(
        Data(
            "usage: structured-output maskbench FOLDER | structured-output suite FOLDER | structured-output sample FILE\n"
                .utf8))
    exit(64)
}

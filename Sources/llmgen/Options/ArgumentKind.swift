import ArgumentParser
import LLMGen
import LLMJSON

/// How an argument gives a value, and how help and messages tell of it.
struct ArgumentKind<Value: Sendable>: Sendable {
    /// What the argument must be.
    let expected: String
    /// The arguments there are; none for any number of them.
    var choices: [String] = []
    /// nil for an argument that is no value.
    let parse: @Sendable (_ argument: String) -> Value?
    /// The argument that gives a value.
    let describe: @Sendable (Value) -> String

    /// The same values, or none of them, which the argument `name` says, if it has one.
    func orNone(_ name: String?) -> ArgumentKind<Value?> {
        let choices = (choices.isEmpty ? [] : [name].compactMap(\.self)) + self.choices
        return ArgumentKind<Value?>(
            expected: choices.isEmpty ? expected : Self.list(choices), choices: choices,
            parse: { [parse] in $0 == name ? .some(nil) : parse($0).map(Optional.some) },
            describe: { [describe] in $0.map(describe) ?? name ?? "" })
    }

    /// One of some values by its name.
    static func choice(_ values: [Value], _ name: @escaping @Sendable (Value) -> String) -> ArgumentKind {
        let choices = values.map(name)
        return ArgumentKind(
            expected: list(choices), choices: choices,
            parse: { argument in values.first { name($0) == argument } }, describe: name)
    }

    private static func list(_ choices: [String]) -> String {
        choices.dropLast().map(\.quoted).joined(separator: ", ") + " or " + (choices.last ?? "").quoted
    }
}

extension ArgumentKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    static var choice: ArgumentKind { choice(Array(Value.allCases)) { $0.rawValue } }
}

extension ArgumentKind<String> {
    static let text = ArgumentKind(expected: "a text", parse: { $0 }, describe: { $0 })
}

extension ArgumentKind<Int> {
    static let integer = ArgumentKind(expected: "a whole number", parse: { Int($0) }, describe: { "\($0)" })

    static func integer(in range: ClosedRange<Int>) -> ArgumentKind {
        ArgumentKind(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } }, describe: { "\($0)" })
    }

    /// An amount of memory in bytes.
    static func amount(upTo limit: ByteCount) -> ArgumentKind {
        ArgumentKind(
            expected: "an amount above 0 and up to \(limit), such as 512MiB",
            parse: { ByteCount($0).flatMap { 1...limit.bytes ~= $0.bytes ? $0.bytes : nil } },
            describe: { "\(ByteCount(bytes: $0))".replacing(".0 ", with: "") })
    }
}

extension ArgumentKind<ByteCount> {
    static let amount = ArgumentKind(
        expected: "a number of 0 or more with a unit, such as 512MiB or 2GiB", parse: { ByteCount($0) },
        describe: { "\($0)" })
}

extension ArgumentKind<Duration> {
    static let time = ArgumentKind(
        expected: "a number with the unit us, ms or s, such as 50ms", parse: { Duration(argument: $0) },
        describe: { "\($0 / .seconds(1))s".replacing(".0s", with: "s") })
}

extension Duration {
    /// A time such as `50ms`; nil for what is none.
    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let units = ["us": 1e3, "ms": 1e6, "s": 1e9]
        guard let count = Double(digits), let unit = units[String(argument.dropFirst(digits.count))],
            count * unit < 1e15
        else { return nil }
        self = .nanoseconds(Int64(count * unit))
    }
}

/// A time, for an option that is a property. - Throws: what a time looks like.
func time(_ argument: String) throws -> Duration {
    guard let time = Duration(argument: argument) else {
        throw ValidationError("a time is \(ArgumentKind.time.expected)")
    }
    return time
}

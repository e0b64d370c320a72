/// Fields that are asked for by name and type, whatever they are stored in: the keys of a config, the metadata of a file,
/// the parts of a tokenizer. What nobody asks for says nothing; ``JSONFields`` is for what comes from anybody.
package protocol NamedFields {
    associatedtype FieldFailure: Error

    /// The value; nil where there is none, or null.
    func field(_ name: String) -> JSONValue?

    /// The error that a field that is there, or should be, is not what it must be.
    func invalid(_ name: String, _ wanted: String) -> FieldFailure

    /// The error that nothing can be done without a field.
    func missing(_ name: String) -> FieldFailure
}

extension NamedFields {
    package func has(_ name: String) -> Bool { field(name) != nil }

    /// The value of a kind; nil where there is none.
    package func optional<Value>(_ name: String, _ kind: FieldKind<Value>) throws(FieldFailure) -> Value? {
        guard let value = field(name) else { return nil }
        guard let read = kind.read(value) else { throw invalid(name, kind.wanted) }
        return read
    }

    /// The value of a kind; `fallback` where there is none, or an error where there is no fallback.
    package func value<Value>(
        _ name: String, _ kind: FieldKind<Value>, default fallback: Value? = nil
    ) throws(FieldFailure) -> Value {
        guard let value = try optional(name, kind) ?? fallback else { throw missing(name) }
        return value
    }

    package func integer(
        _ name: String, in range: ClosedRange<Int>, default fallback: Int? = nil
    ) throws(FieldFailure) -> Int {
        try value(name, .integer(in: range), default: fallback)
    }

    package func number(
        _ name: String, in range: ClosedRange<Double>, default fallback: Double? = nil
    ) throws(FieldFailure) -> Double {
        try value(name, .number(in: range), default: fallback)
    }

    package func flag(_ name: String, default fallback: Bool? = nil) throws(FieldFailure) -> Bool {
        try value(name, .flag, default: fallback)
    }

    package func string(_ name: String, default fallback: String? = nil) throws(FieldFailure) -> String {
        try value(name, .text, default: fallback)
    }
}

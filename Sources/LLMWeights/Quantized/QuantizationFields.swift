package import LLMJSON

/// The object in `config.json` that says how a checkpoint is quantized, or an object in it.
package struct QuantizationFields: NamedFields, Sendable {
    /// The file, as messages name it.
    let path: String
    /// Where the object is in the file, such as `quantization_config`.
    let place: String
    private let value: JSONValue

    /// - Parameter value: the object; anything else has no fields.
    package init(_ value: JSONValue, at place: String, of path: String) {
        self.path = path
        self.place = place
        self.value = value
    }

    package func field(_ name: String) -> JSONValue? {
        guard case .object(let members) = value, let field = members[name] else { return nil }
        if case .null = field { return nil }
        return field
    }

    package func invalid(_ name: String, _ wanted: String) -> WeightsError {
        let found = field(name).map { "is \($0.shown)" } ?? "is missing"
        return WeightsError(.invalidMetadata, "\(path.quoted): \(place).\(name) \(found); it must be \(wanted)")
    }

    package func missing(_ name: String) -> WeightsError {
        WeightsError(
            .invalidMetadata,
            "\(path.quoted): the key \(place).\(name) is missing; the weights cannot be read without it")
    }

    /// The error that what a field says is not read here.
    func unsupported(_ name: String, _ read: String) -> WeightsError {
        let found = field(name)?.shown ?? "missing"
        return WeightsError(
            .unsupported,
            "\(path.quoted): \(place).\(name) is \(found), which is not read; \(read) is: "
                + "convert the model, or use a GGUF file of it")
    }

    /// Refuses what a field says unless it is one of some texts. - Throws: `unsupported`.
    func require(_ name: String, oneOf texts: [String], default fallback: String) throws(WeightsError) -> String {
        let text = try string(name, default: fallback)
        guard texts.contains(text) else { throw unsupported(name, texts.joined(separator: " or ")) }
        return text
    }

    /// Refuses what a field says unless it is one of some numbers. - Throws: `unsupported`.
    func require(_ name: String, oneOf numbers: [Int]) throws(WeightsError) -> Int {
        let number = try value(name, .integer(in: -1...Int(Int32.max)))
        guard numbers.contains(number) else {
            throw unsupported(name, numbers.map(String.init).joined(separator: " or "))
        }
        return number
    }

    /// The object under `name`; nil where there is none.
    func object(_ name: String) throws(WeightsError) -> QuantizationFields? {
        guard let field = field(name) else { return nil }
        guard case .object = field else { throw invalid(name, "an object") }
        return QuantizationFields(field, at: "\(place).\(name)", of: path)
    }

    /// The objects under the names of this one.
    func objects() throws(WeightsError) -> [QuantizationFields] {
        guard case .object(let members) = value else { return [] }
        var objects: [QuantizationFields] = []
        for name in members.keys { if let object = try object(name) { objects.append(object) } }
        return objects
    }
    /// `group_size`: columns of a group, or -1 for all.
    func groupSize() throws(WeightsError) -> Int {
        let size = try integer("group_size", in: -1...1 << 20)
        guard size != 0 else { throw invalid("group_size", "-1 or at least 1") }
        return size
    }

    /// Rows and columns of a block; nil where the field is missing.
    func blockSize(_ name: String) throws(WeightsError) -> [Int]? {
        guard let sizes = try optional(name, .integers(in: 1...1 << 20)) else { return nil }
        guard sizes.count == 2 else { throw invalid(name, "two sizes, of rows and columns") }
        return sizes
    }

    /// Whether the object has no members.
    var isEmpty: Bool { value == .object([:]) }
}

import OrderedCollections

/// A value as a template sees it: Python's, as far as templates reach.
enum Value {
    /// What a name or an attribute that is not there gives.
    indirect case undefined(Undefined)
    case null
    case flag(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    /// Text that counts as escaped already.
    case markup(String)
    case list(Row)
    case tuple(Row)
    case dict(Dict)
    case range(IntegerRange)
    /// What `dict.keys()`, `.values()` and `.items()` give.
    case view(DictView)
    /// What gives its elements once.
    case iterator(Iterator)
    case namespace(Namespace)
    case loop(LoopState)
    case macro(Macro)
    case method(BoundMethod)
    case function(GlobalFunction)
    case cycler(Cycler)
    case joiner(Joiner)
}

/// Why there is no value.
enum Undefined {
    case name(String)
    case attribute(String, of: Value)
    case item(Value, of: Value)
    case because(String)
    /// The sandbox keeps it away.
    case refused(String, of: Value)

    var message: String {
        switch self {
        case .name(let name): "'\(name)' is undefined"
        case .attribute(let name, let owner): "'\(owner.objectName)' has no attribute '\(name)'"
        case .item(.integer(let index), let owner): "\(owner.objectName) has no element \(index)"
        case .item(_, let owner): "\(owner.objectName) has no such element"
        case .because(let reason): reason
        case .refused(let name, let owner): "the attribute '\(name)' of '\(owner.objectName)' is kept from templates"
        }
    }
}

/// The elements of a list or a tuple. Templates cannot change them.
final class Row {
    let elements: [Value]
    /// How an element can be asked for by name, for those that `groupby` gives.
    let names: [String]
    let extent: Extent

    init(_ elements: [Value], names: [String] = []) throws {
        self.elements = elements
        self.names = names
        extent = try Extent(of: elements)
    }
}

/// The members of a dict, in the order in which they came.
final class Dict {
    let members: Members
    let extent: Extent

    typealias Members = OrderedDictionary<DictKey, Value>

    init(_ members: Members) throws {
        self.members = members
        extent = try Extent(of: members.values.elements, members.keys.map(\.value))
    }

    subscript(name: String) -> Value? { members[DictKey(name)] }
}

/// How large a value is in all: bounded, so that whatever walks over one ends, and soon.
struct Extent {
    /// Containers within each other.
    var depth = 1
    /// Values in all, one that is there twice counted twice; a long string counts as several.
    var count = 1

    static let bytesPerCount = 64

    private enum Limits {
        static let depth = 100
        static let count = 4 << 20
    }

    init(of rows: [Value]...) throws {
        for row in rows {
            for value in row {
                let inner = value.extent
                depth = max(depth, inner.depth + 1)
                count = min(count + inner.count, Limits.count + 1)
            }
        }
        guard depth <= Limits.depth else {
            throw JinjaError("values nest deeper than \(Limits.depth), the limit", kind: .limit)
        }
        guard count <= Limits.count else {
            throw JinjaError("a value holds more than \(Limits.count) others, the limit", kind: .limit)
        }
    }

    init(depth: Int, count: Int) {
        self.depth = depth
        self.count = count
    }

    static let single = Extent(depth: 0, count: 1)
}

/// `range(start, stop, step)`
final class IntegerRange {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    enum Limits {
        /// Jinja2's.
        static let count = 100_000
    }

    init(start: Int, stop: Int, step: Int) throws {
        guard step != 0 else { throw JinjaError("range() needs a step other than 0") }
        let distance = step > 0 ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
        let isTooLarge =
            distance.overflow
            ? (step > 0) == (stop > start)
            : distance.partialValue > 0
                && UInt(distance.partialValue - 1) / step.magnitude >= UInt(Limits.count)
        guard !isTooLarge else {
            throw JinjaError("a range of more than \(Limits.count) numbers, the limit", kind: .limit)
        }
        self.start = start
        self.stop = stop
        self.step = step
        count =
            distance.overflow || distance.partialValue <= 0
            ? 0 : Int(UInt(distance.partialValue - 1) / step.magnitude) + 1
    }

    subscript(index: Int) -> Value { .integer(start + index * step) }
    var elements: [Value] { (0..<count).map { self[$0] } }
}

final class DictView {
    enum Part: String {
        case keys, values, items
    }

    let dict: Dict
    let part: Part

    init(_ dict: Dict, _ part: Part) {
        self.dict = dict
        self.part = part
    }

    func elements() throws -> [Value] {
        switch part {
        case .keys: dict.members.keys.map(\.value)
        case .values: dict.members.values.elements
        case .items: try dict.members.map { .tuple(try Row([$0.key.value, $0.value])) }
        }
    }
}

/// A row whose elements are made when they are asked for, and then are gone.
final class Iterator {
    /// What Python calls it.
    let typeName: String
    let extent: Extent
    private var produce: () throws -> Value?

    /// `sources` are the values that `produce` holds.
    init(_ typeName: String, over sources: [Value], _ produce: @escaping () throws -> Value?) throws {
        self.typeName = typeName
        self.produce = produce
        extent = try Extent(of: sources)
    }

    func next() throws -> Value? {
        let value = try produce()
        if value == nil { produce = { nil } }
        return value
    }
}

final class Namespace {
    var members: Dict.Members = [:]
}

/// A method with the value whose it is.
final class BoundMethod {
    let receiver: Value
    let name: String

    init(_ receiver: Value, _ name: String) {
        self.receiver = receiver
        self.name = name
    }
}

/// `cycler(…)`
final class Cycler {
    let items: Row
    var index = 0

    init(_ items: Row) { self.items = items }
}

/// `joiner(…)`
final class Joiner {
    let separator: Value
    var isUsed = false

    init(_ separator: Value) { self.separator = separator }
}

/// Functions that every template may call.
enum GlobalFunction: String, CaseIterable {
    case range, dict, namespace, cycler, joiner
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

extension Value {
    /// The text of a string, escaped or not.
    var text: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isNone: Bool { if case .null = self { true } else { false } }

    /// The value as a whole number, if it is one; a flag counts as 0 or 1.
    var wholeNumber: Int? {
        switch self {
        case .integer(let value): value
        case .flag(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The value as a float, if it is a number.
    var number: Double? {
        if case .float(let value) = self { value } else { wholeNumber.map(Double.init) }
    }

    var extent: Extent {
        switch self {
        case .string(let text), .markup(let text): Extent(depth: 0, count: 1 + text.utf8.count / Extent.bytesPerCount)
        case .list(let row), .tuple(let row): row.extent
        case .dict(let dict): dict.extent
        case .view(let view): view.dict.extent
        case .iterator(let iterator): iterator.extent
        case .method(let method): Extent(depth: method.receiver.extent.depth + 1, count: 1)
        case .cycler(let cycler): cycler.items.extent
        case .joiner(let joiner): Extent(depth: joiner.separator.extent.depth + 1, count: 1)
        case .undefined(.attribute(_, let owner)), .undefined(.item(_, let owner)), .undefined(.refused(_, let owner)):
            Extent(depth: owner.extent.depth + 1, count: 1)
        case .range(let range): Extent(depth: 1, count: range.count)
        default: .single
        }
    }

    /// What Python calls the value's type.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .null: "NoneType"
        case .flag: "bool"
        case .integer: "int"
        case .float: "float"
        case .string: "str"
        case .markup: "Markup"
        case .list: "list"
        case .tuple: "tuple"
        case .dict: "dict"
        case .range: "range"
        case .view(let view): "dict_\(view.part.rawValue)"
        case .iterator(let iterator): iterator.typeName
        case .namespace: "Namespace"
        case .loop: "LoopContext"
        case .macro: "Macro"
        case .method: "method"
        case .function: "function"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        }
    }

    /// How Jinja2 names the value in a message.
    var objectName: String {
        switch self {
        case .null: "None"
        default: "\(typeName) object"
        }
    }

    /// Python's truth.
    var isTrue: Bool {
        switch self {
        case .undefined, .null: false
        case .flag(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text), .markup(let text): !text.isEmpty
        case .list(let row), .tuple(let row): !row.elements.isEmpty
        case .dict(let dict): !dict.members.isEmpty
        case .range(let range): range.count > 0
        case .view(let view): !view.dict.members.isEmpty
        default: true
        }
    }
}

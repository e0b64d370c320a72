extension Filters {
    static let sequences: [String: Filter] = [
        "length": counted, "count": counted,
        "first": { interpreter, value, arguments in
            _ = try arguments.bind("first")
            return try interpreter.producer(of: value)()
                ?? .undefined(.because("no first item, the sequence was empty"))
        },
        "last": { interpreter, value, arguments in
            _ = try arguments.bind("last")
            return try reversible(value, interpreter).last
                ?? .undefined(.because("no last item, the sequence was empty"))
        },
        "list": { interpreter, value, arguments in
            _ = try arguments.bind("list")
            return try interpreter.list(interpreter.elements(of: value))
        },
        "join": { interpreter, value, arguments in
            let bound = try arguments.bind("join", "d", "attribute")
            let separator = try interpreter.text(bound[0] ?? .string(""))
            let path = try bound.given(1).map(Path.init)
            var result = ""
            let produce = try interpreter.producer(of: value)
            var isFirst = true
            while let element = try produce() {
                if !isFirst { result += separator }
                isFirst = false
                result += try interpreter.text(path?.value(of: element, interpreter) ?? element)
                try interpreter.budget.spend(1 + separator.utf8.count / Extent.bytesPerCount)
                try interpreter.budget.check(textBytes: result.utf8.count)
            }
            return try interpreter.string(result)
        },
        "reverse": { interpreter, value, arguments in
            _ = try arguments.bind("reverse")
            if let text = value.text {
                return try interpreter.string(String(scalars: text.unicodeScalars.reversed()), like: value)
            }
            if case .iterator = value { return try interpreter.list(interpreter.elements(of: value).reversed()) }
            var elements = try reversible(value, interpreter).reversed().makeIterator()
            return .iterator(try Iterator("reversed", over: [value]) { elements.next() })
        },
        "map": mapped,
        "select": selected(attribute: false, wanted: true), "reject": selected(attribute: false, wanted: false),
        "selectattr": selected(attribute: true, wanted: true), "rejectattr": selected(attribute: true, wanted: false),
        "sort": { interpreter, value, arguments in
            let bound = try arguments.bind("sort", "reverse", "case_sensitive", "attribute")
            let elements = try interpreter.elements(of: value)
            let isCaseSensitive = try bound.flag(1)
            let paths = try paths(bound.given(2))
            let keys = try elements.map { element in
                try interpreter.list(
                    paths.map {
                        try key($0.value(of: element, interpreter), isCaseSensitive: isCaseSensitive, interpreter)
                    })
            }
            return try interpreter.list(sorted(elements, by: keys, reversed: bound.flag(0), interpreter))
        },
        "dictsort": { interpreter, value, arguments in
            let bound = try arguments.bind("dictsort", "case_sensitive", "by", "reverse")
            if case .undefined(let reason) = value { throw JinjaError(reason.message) }
            guard case .dict(let dict) = value else {
                throw JinjaError("dictsort needs a dict, not a \(value.typeName)")
            }
            let by = try bound.text(1) ?? "key"
            guard by == "key" || by == "value" else { throw JinjaError("dictsort sorts by 'key' or by 'value'") }
            let isCaseSensitive = try bound.flag(0)
            let items = try DictView(dict, .items).elements()
            let keys = try dict.members.map {
                try key(by == "key" ? $0.key.value : $0.value, isCaseSensitive: isCaseSensitive, interpreter)
            }
            return try interpreter.list(sorted(items, by: keys, reversed: bound.flag(2), interpreter))
        },
        "groupby": grouped,
        "unique": { interpreter, value, arguments in
            let bound = try arguments.bind("unique", "case_sensitive", "attribute")
            let isCaseSensitive = try bound.flag(0)
            let path = try Path(bound[1] ?? .null)
            let produce = try interpreter.producer(of: value)
            var seen: Set<DictKey> = []
            return .iterator(
                try Iterator("generator", over: [value]) {
                    while let element = try produce() {
                        let key = try key(
                            path.value(of: element, interpreter), isCaseSensitive: isCaseSensitive, interpreter)
                        try interpreter.budget.spend(key.extent.count)
                        if seen.insert(try DictKey(key)).inserted { return element }
                    }
                    return nil
                })
        },
        "batch": { interpreter, value, arguments in
            let bound = try arguments.bind("batch", "linecount", "fill_with", required: 1)
            let count = try bound.wholeNumber(0) ?? 0
            let elements = try interpreter.elements(of: value)
            var rows: [[Value]] = []
            for element in elements {
                if rows.isEmpty || rows[rows.count - 1].count == count { rows.append([]) }
                rows[rows.count - 1].append(element)
            }
            if let fill = bound.given(1), let last = rows.last, last.count < count {
                try interpreter.budget.allocate(elements: count)
                rows[rows.count - 1] += Array(repeating: fill, count: count - last.count)
            }
            return try iterator(over: rows.map { try interpreter.list($0) })
        },
        "slice": { interpreter, value, arguments in
            let bound = try arguments.bind("slice", "slices", "fill_with", required: 1)
            guard let count = try bound.wholeNumber(0), count != 0 else {
                throw JinjaError("slice needs a number of slices")
            }
            let elements = try interpreter.elements(of: value)
            try interpreter.budget.allocate(elements: max(0, count))
            var rows: [Value] = []
            var start = 0
            for index in 0..<max(0, count) {
                let isLonger = index < elements.count % count
                let end = start + elements.count / count + (isLonger ? 1 : 0)
                let fill = isLonger ? nil : bound.given(1)
                rows.append(try interpreter.list(elements[start..<end] + (fill.map { [$0] } ?? [])))
                start = end
            }
            return try iterator(over: rows)
        },
        "random": { _, _, _ in throw JinjaError("random is refused: the same messages must give the same text") },
    ]

    private static func iterator(over elements: [Value]) throws -> Value {
        var rest = elements.makeIterator()
        return .iterator(try Iterator("generator", over: elements) { rest.next() })
    }

    private static let counted: Filter = { interpreter, value, arguments in
        _ = try arguments.bind("length")
        return .integer(try interpreter.count(of: value))
    }

    /// The elements of what Python's `reversed` takes.
    private static func reversible(_ value: Value, _ interpreter: Interpreter) throws -> [Value] {
        if case .iterator(let iterator) = value {
            throw JinjaError("a \(iterator.typeName) has no end to begin from; put '|list' before it")
        }
        return try interpreter.elements(of: value)
    }

    // MARK: Sorting

    private static func paths(_ attribute: Value?) throws -> [Path] {
        guard let attribute, let names = attribute.text else { return [try Path(attribute ?? .null)] }
        return try PythonText.split(names, ",", limit: -1, fromEnd: false).map { try Path(.string($0)) }
    }

    /// The elements in the order of their keys; those with equal keys stay as they are.
    private static func sorted(
        _ elements: [Value], by keys: [Value], reversed: Bool, _ interpreter: Interpreter
    ) throws -> [Value] {
        let order = try elements.indices.sorted { left, right in
            try interpreter.budget.spend(1 + min(keys[left].extent.count, keys[right].extent.count))
            // Each is compared, so that keys that have no order are an error in any row of two or more.
            let (first, second) = reversed ? (right, left) : (left, right)
            if try keys[first].isLess(than: keys[second]) { return true }
            if try keys[second].isLess(than: keys[first]) { return false }
            return left < right
        }
        return order.map { elements[$0] }
    }

    private static let grouped: Filter = { interpreter, value, arguments in
        let bound = try arguments.bind("groupby", "attribute", "default", "case_sensitive", required: 1)
        let path = try Path(bound[0] ?? .null)
        let isCaseSensitive = try bound.flag(2)
        let elements = try interpreter.elements(of: value)
        let names = try elements.map { try path.value(of: $0, interpreter, default: bound.given(1)) }
        let keys = try names.map { try key($0, isCaseSensitive: isCaseSensitive, interpreter) }
        let order = try sorted(elements.indices.map { .integer($0) }, by: keys, reversed: false, interpreter)
            .compactMap(\.wholeNumber)
        var groups: [[Int]] = []
        for index in order {
            if let first = groups.last?.first, try interpreter.areEqual(keys[first], keys[index]) {
                groups[groups.count - 1].append(index)
            } else {
                groups.append([index])
            }
        }
        return try interpreter.list(
            groups.map { group in
                .tuple(
                    try Row(
                        [names[group[0]], interpreter.list(group.map { elements[$0] })], names: ["grouper", "list"]))
            })
    }

    // MARK: Filters that take another's name

    private static let mapped: Filter = { interpreter, value, arguments in
        guard try value.truth() else { return .iterator(try Iterator("generator", over: []) { nil }) }
        let produce = try interpreter.producer(of: value)
        let held = [value] + arguments.positional + arguments.keyword.map(\.value)
        if arguments.positional.isEmpty, let attribute = arguments.keyword.first(where: { $0.name == "attribute" }) {
            let bound = try arguments.bind("map", "attribute", "default")
            let path = try Path(attribute.value)
            return .iterator(
                try Iterator("generator", over: held) {
                    try produce().map { try path.value(of: $0, interpreter, default: bound.given(1)) }
                })
        }
        guard let name = arguments.positional.first?.text else { throw JinjaError("map needs the name of a filter") }
        let rest = Arguments(positional: Array(arguments.positional.dropFirst()), keyword: arguments.keyword)
        return .iterator(
            try Iterator("generator", over: held) { try produce().map { try interpreter.filter(name, $0, rest) } })
    }

    private static func selected(attribute: Bool, wanted: Bool) -> Filter {
        { interpreter, value, arguments in
            guard try value.truth() else { return .iterator(try Iterator("generator", over: []) { nil }) }
            var positional = arguments.positional[...]
            var path: Path?
            if attribute {
                guard let name = positional.popFirst() else {
                    throw JinjaError("the filter needs the name of an attribute")
                }
                path = try Path(name)
            }
            var test: String?
            if let name = positional.popFirst() {
                guard let text = name.text else { throw JinjaError("the filter needs the name of a test") }
                test = text
            }
            let rest = Arguments(positional: Array(positional), keyword: arguments.keyword)
            let produce = try interpreter.producer(of: value)
            return .iterator(
                try Iterator("generator", over: [value] + arguments.positional + arguments.keyword.map(\.value)) {
                    while let element = try produce() {
                        let tested = try path?.value(of: element, interpreter) ?? element
                        let answer = try test.map { try interpreter.test($0, tested, rest) } ?? tested.truth()
                        if answer == wanted { return element }
                    }
                    return nil
                })
        }
    }
}

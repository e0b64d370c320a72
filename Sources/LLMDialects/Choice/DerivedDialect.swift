import LLMJSON
import LLMTemplate
import OrderedCollections

/// A dialect found by what a chat template writes: for one call and for two, with names, arguments and ids that are known.
struct DerivedDialect {
    /// What the template wrote, byte by byte.
    private let one: [UInt8]
    private let two: [UInt8]?
    /// What ends a turn.
    private let turnEnd: [UInt8]
    private let first = TemplateProbe.usualCalls[0]
    private let second = TemplateProbe.usualCalls[1]

    /// The dialect, where the template writes calls so regularly that it reads them back; else nil.
    static func derive(from template: ChatTemplate) -> ToolDialect? {
        let probe = TemplateProbe(template, ids: .alphanumeric(9))
        guard let one = probe.rendering(Array(TemplateProbe.usualCalls.prefix(1))) else { return nil }
        let two = probe.rendering(TemplateProbe.usualCalls)
        var end: [UInt8] = []
        if let plain = probe.rendering([], saying: TemplateProbe.saying)?.answer,
            let place = plain.range(of: TemplateProbe.saying)
        {
            end = Array(plain[place.upperBound...].utf8)
        }
        let derived = DerivedDialect(one: bytes(one, probe), two: two.map { bytes($0, probe) }, turnEnd: end)
        guard let dialect = derived.dialect() else { return nil }
        let renderings = [one] + [two].compactMap(\.self)
        let isRead = renderings.allSatisfy { $0.isParsed(by: dialect, tools: TemplateProbe.usualDeclarations) }
        return isRead ? dialect : nil
    }

    private init(one: [UInt8], two: [UInt8]?, turnEnd: [UInt8]) {
        self.one = one
        self.two = two
        self.turnEnd = turnEnd
    }

    /// Stands for the calls' ids, which differ.
    private static let idMark: UInt8 = 1

    private static func bytes(_ rendering: TemplateProbe.Rendering, _ probe: TemplateProbe) -> [UInt8] {
        var bytes = Array(rendering.answer.utf8)
        for (index, call) in rendering.calls.enumerated() {
            let id = Array(probe.ids.id(name: call.name, index: index, earlier: 0, seed: 0).utf8)
            while let place = bytes.firstRange(of: id) { bytes.replaceSubrange(place, with: [idMark]) }
        }
        return bytes
    }

    // MARK: A call

    /// Where a call's parts are.
    private struct Place {
        /// The call from its name or its JSON to the end of its arguments.
        var range: Range<Int>
        /// What stands between the name and the arguments.
        var afterName: [UInt8]
        var arguments: ArgumentFormat
    }

    private func dialect() -> ToolDialect? {
        guard let place = place(of: first, in: one, from: 0) else { return nil }
        let opening = Array(one[..<place.range.lowerBound])
        var closing = Array(one[place.range.upperBound...])
        if closing.hasSuffix(turnEnd) { closing.removeLast(turnEnd.count) }
        var parts = Parts(opening: opening, closing: closing)
        if let two {
            guard let other = self.place(of: first, in: two, from: 0),
                let next = self.place(of: second, in: two, from: other.range.upperBound)
            else { return nil }
            parts = Parts(
                opening: opening, closing: closing,
                between: Array(two[other.range.upperBound..<next.range.lowerBound]))
        }
        var calls = CallFormat(arguments: place.arguments)
        calls.sectionOpen = DerivedDialect.pieces(parts.sectionOpen)
        calls.separator = String(decoding: parts.separator.filter { !$0.isSpace }, as: UTF8.self)
        calls.sectionClose = DerivedDialect.pieces(parts.sectionClose)
        calls.open = DerivedDialect.pieces(parts.callOpen)
        calls.close = DerivedDialect.pieces(parts.callClose)
        if case .wrapped = place.arguments {
            if calls.sectionOpen.isEmpty, calls.open.isEmpty { calls.place = .start }
        } else {
            guard !calls.open.isEmpty || !calls.sectionOpen.isEmpty else { return nil }
            calls.open += [.name] + DerivedDialect.pieces(place.afterName)
        }
        calls.open = DerivedDialect.trimmed(calls.open)
        calls.sectionOpen = DerivedDialect.trimmed(calls.sectionOpen)
        if calls.open.isEmpty, case .wrapped = place.arguments, !calls.sectionOpen.isEmpty, two == nil {
            calls.open = calls.sectionOpen
            calls.sectionOpen = []
        }
        return ToolDialect("derived", calls: calls)
    }

    private func place(of call: TemplateProbe.Call, in bytes: [UInt8], from start: Int) -> Place? {
        var index = start
        while index < bytes.count {
            defer { index += 1 }
            guard bytes[index] == UInt8(ascii: "{"), let end = DerivedDialect.end(ofJSONAt: index, in: bytes),
                case .object(let members)? = try? JSONValue(Array(bytes[index..<end]))
            else { continue }
            if JSONValue.object(members).isSame(call.arguments) {
                guard let name = bytes[start..<index].lastRange(of: Array(call.name.utf8)) else { return nil }
                return Place(
                    range: name.lowerBound..<end, afterName: Array(bytes[name.upperBound..<index]), arguments: .json)
            }
            if let format = DerivedDialect.wrapping(members, call) {
                return Place(range: index..<end, afterName: [], arguments: .wrapped(format))
            }
        }
        return tagged(call, in: bytes, from: start)
    }

    private static func end(ofJSONAt start: Int, in bytes: [UInt8]) -> Int? {
        var scanner = JSONScanner()
        for index in start..<bytes.count {
            switch scanner.consume(bytes[index]) {
            case .running: continue
            case .complete: return index + 1
            default: return nil
            }
        }
        return nil
    }

    private static func wrapping(
        _ members: OrderedDictionary<String, JSONValue>, _ call: TemplateProbe.Call
    ) -> WrappedCall? {
        if members.count == 1, members[call.name]?.isSame(call.arguments) == true { return .nameAsKey }
        guard let name = members.first(where: { $0.value == .string(call.name) })?.key,
            let arguments = members.first(where: { $0.value.isSame(call.arguments) })?.key
        else { return nil }
        let id = members.first { $0.value == .string(String(Unicode.Scalar(idMark))) }?.key
        let isFirst = id.map { members.index(forKey: $0)! < members.index(forKey: name)! } ?? false
        return WrappedCall(nameKeys: [name], argumentKeys: [arguments], idKey: id, idIsFirst: isFirst)
    }

    // MARK: Tags

    /// A call whose arguments stand between tags, told by what stands around the names and values.
    private func tagged(_ call: TemplateProbe.Call, in bytes: [UInt8], from start: Int) -> Place? {
        guard let name = bytes[start...].firstRange(of: Array(call.name.utf8)),
            let tags = DerivedDialect.tags(first, in: one), case .object(let members) = call.arguments,
            let key = bytes[name.upperBound...].firstRange(of: Array("first".utf8))
        else { return nil }
        var end = key.lowerBound
        for (key, value) in members {
            let text = if case .string(let text) = value { text } else { value.shown }
            guard let place = bytes[end...].firstRange(of: Array(key.utf8)),
                let value = bytes[place.upperBound...].firstRange(of: Array(text.utf8)),
                bytes[value.upperBound...].starts(with: tags.padding + tags.close)
            else { return nil }
            end = value.upperBound + tags.padding.count + tags.close.count
        }
        let opening = Array(bytes[name.upperBound..<key.lowerBound])
        guard opening.hasSuffix(tags.open) else { return nil }
        let format = TaggedArguments(
            open: DerivedDialect.trimmed(DerivedDialect.pieces(tags.open))
                + [.key] + DerivedDialect.pieces(tags.afterKey),
            close: String(decoding: tags.close, as: UTF8.self), isPadded: !tags.padding.isEmpty)
        return Place(
            range: name.lowerBound..<end, afterName: Array(opening.dropLast(tags.open.count)),
            arguments: .tagged(format))
    }

    private struct Tags {
        var open: [UInt8]
        var afterKey: [UInt8]
        var padding: [UInt8]
        var close: [UInt8]
    }

    /// The tags around two arguments of a call.
    private static func tags(_ call: TemplateProbe.Call, in bytes: [UInt8]) -> Tags? {
        guard let name = bytes.firstRange(of: Array(call.name.utf8)),
            let key = bytes[name.upperBound...].firstRange(of: Array("first".utf8)),
            let value = bytes[key.upperBound...].firstRange(of: Array("alpha".utf8)),
            let other = bytes[value.upperBound...].firstRange(of: Array("second".utf8)),
            let last = bytes[other.upperBound...].firstRange(of: Array("17".utf8))
        else { return nil }
        var afterKey = Array(bytes[key.upperBound..<value.lowerBound])
        guard afterKey == Array(bytes[other.upperBound..<last.lowerBound]) else { return nil }
        let between = Array(bytes[value.upperBound..<other.lowerBound])
        let open = sharedSuffix(Array(bytes[name.upperBound..<key.lowerBound]), between)
        var close = Array(between.dropLast(open.count))
        var padding: [UInt8] = []
        if afterKey.last == UInt8(ascii: "\n"), close.first == UInt8(ascii: "\n") {
            afterKey.removeLast()
            close.removeFirst()
            padding = [UInt8(ascii: "\n")]
        }
        while close.last?.isSpace == true { close.removeLast() }
        guard !close.isEmpty, !open.isEmpty, !afterKey.isEmpty else { return nil }
        return Tags(open: open, afterKey: afterKey, padding: padding, close: close)
    }

    // MARK: Sections

    /// What stands around calls, told apart by what stands between two.
    private struct Parts {
        var sectionOpen: [UInt8]
        var callOpen: [UInt8]
        var callClose: [UInt8]
        var separator: [UInt8] = []
        var sectionClose: [UInt8] = []

        /// Of one call only: each stands for itself.
        init(opening: [UInt8], closing: [UInt8]) {
            sectionOpen = []
            callOpen = opening
            callClose = closing
        }

        init(opening: [UInt8], closing: [UInt8], between: [UInt8]) {
            callClose = sharedPrefix(closing, between)
            let rest = Array(between.dropFirst(callClose.count))
            callOpen = sharedSuffix(opening, rest)
            separator = Array(rest.dropLast(callOpen.count))
            sectionOpen = Array(opening.dropLast(callOpen.count))
            sectionClose = Array(closing.dropFirst(callClose.count))
        }
    }

    /// The bytes with which both begin, not ending within a mark.
    private static func sharedPrefix(_ one: [UInt8], _ other: [UInt8]) -> [UInt8] {
        let count = zip(one, other).prefix { $0 == $1 }.count
        let shared = one[..<count]
        let open = shared.lastIndex { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "[") }
        let close = shared.lastIndex { $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "]") }
        guard let open, open > close ?? -1, count < one.count || count < other.count else { return Array(shared) }
        return Array(shared[..<open])
    }

    /// The bytes with which both end, not beginning within a mark.
    private static func sharedSuffix(_ one: [UInt8], _ other: [UInt8]) -> [UInt8] {
        let count = zip(one.reversed(), other.reversed()).prefix { $0 == $1 }.count
        let shared = Array(one.suffix(count))
        let open = shared.firstIndex { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "[") } ?? shared.count
        let close = shared.firstIndex { $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "]") }
        guard let close, close < open, count < one.count || count < other.count else { return shared }
        return Array(shared[(close + 1)...])
    }

    // MARK: Pieces

    /// A text as pieces: line breaks are white space of any kind, ids are ids.
    private static func pieces(_ bytes: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
            literal = []
        }
        var index = 0
        while index < bytes.count {
            if bytes[index] == idMark {
                flush()
                pieces.append(.id)
                index += 1
                continue
            }
            let end = bytes[index...].firstIndex { !$0.isSpace } ?? bytes.count
            if bytes[index..<end].contains(UInt8(ascii: "\n")) {
                flush()
                pieces.append(.space)
                index = end
            } else {
                literal.append(bytes[index])
                index += 1
            }
        }
        flush()
        return pieces
    }

    /// Without white space at the ends, which openings do not need.
    private static func trimmed(_ pieces: [Piece]) -> [Piece] {
        var pieces = pieces[...]
        while pieces.first == .space { pieces.removeFirst() }
        while pieces.last == .space { pieces.removeLast() }
        return Array(pieces)
    }
}

extension Collection<UInt8> where Index == Int {
    func firstRange(of text: [UInt8]) -> Range<Int>? {
        guard !text.isEmpty, count >= text.count else { return nil }
        return (startIndex...endIndex - text.count)
            .first { self[$0..<$0 + text.count].elementsEqual(text) }.map { $0..<$0 + text.count }
    }

    func lastRange(of text: [UInt8]) -> Range<Int>? {
        guard !text.isEmpty, count >= text.count else { return nil }
        return (startIndex...endIndex - text.count).reversed()
            .first { self[$0..<$0 + text.count].elementsEqual(text) }.map { $0..<$0 + text.count }
    }
}

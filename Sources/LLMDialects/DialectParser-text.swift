/// What the model says and thinks, and where calls begin in it.
extension DialectParser {
    private enum Limits {
        /// Line breaks before a mark that belong to it.
        static let lineBreaks = 4
        static let headerBytes = 512
    }

    /// What became of bytes that may begin a call.
    private enum Attempt {
        case waiting, begun, none
    }

    mutating func stepText() -> Bool {
        guard !bytes.isEmpty else { return false }
        if leadingLineBreaks > 0 {
            if bytes[0] == UInt8(ascii: "\n") {
                leadingLineBreaks -= 1
                emit(.marker, 1)
                return true
            }
            leadingLineBreaks = 0
        }
        if isAtStart, !isPastStart, dialect.calls?.place == .start, specials.isEmpty {
            switch beginAtStart() {
            case .waiting: return false
            case .begun: return true
            case .none: isPastStart = true
            }
        }
        let special = specials.first.map { $0.lowerBound - position }
        switch matchers.all.find(bytes, isFinal: isFinal) {
        case .text(let index, let place) where special.map { place < $0 } ?? true:
            let content = place - lineBreaks(before: place)
            if content > 0 {
                emitContent(content)
                return true
            }
            return began(matchers.triggers[index], at: place, matchers.all.texts[index].count)
        case .partial(let place) where special.map { place < $0 } ?? true:
            let content = place - lineBreaks(before: place)
            emitContent(content)
            return false
        default: break
        }
        if let special, let token = specials.first {
            emitContent(special)
            emit(.marker, token.count)
            return true
        }
        emitContent(isFinal ? bytes.count : bytes.count - lineBreaks(before: bytes.count))
        return false
    }

    /// How many line breaks before a place belong to the mark there.
    private func lineBreaks(before place: Int) -> Int {
        var count = 0
        while count < min(place, Limits.lineBreaks), bytes[place - 1 - count] == UInt8(ascii: "\n") { count += 1 }
        return count
    }

    /// A mark of `count` bytes stands at `place`, after line breaks.
    private mutating func began(_ trigger: Matchers.Trigger, at place: Int, _ count: Int) -> Bool {
        var captures = Captures()
        switch trigger {
        case .wrapper, .reasoningClose: emit(.marker, place + count)
        case .reasoningOpen:
            // Within what the model says, the mark is only spoken of.
            guard isAtStart else {
                emitContent(place + count)
                return true
            }
            emit(.marker, place + count)
            state = .reasoning
            leadingLineBreaks = 2
            return true
        case .sectionClose:
            switch matchers.sectionClose.match(bytes, at: place, isFinal: isFinal, captures: &captures) {
            case .partial: return false
            case .yes(let end) where isInSection:
                emit(.marker, end)
                isInSection = false
            default: emitContent(place + count)
            }
        case .messageEnd:
            emit(.marker, place + count)
            state = .header
            return true
        case .messageStart:
            emit(.marker, place)
            state = .header
            return true
        case .section, .call:
            switch beginSection(at: place, isWhole: trigger == .section) {
            case .waiting: return false
            case .begun: return true
            case .none: emitContent(place + count, isUnparsed: true)
            }
        }
        leadingLineBreaks = 2
        return true
    }

    // MARK: Calls

    private mutating func beginSection(at place: Int, isWhole: Bool) -> Attempt {
        hasMark = true
        guard isWhole else { return beginCall(at: place) }
        var captures = Captures()
        switch matchers.sectionOpen.match(bytes, at: place, isFinal: isFinal, captures: &captures) {
        case .partial: return .waiting
        case .no: return .none
        case .yes(let end):
            var none = Captures()
            switch matchers.sectionClose.match(bytes, at: end, isFinal: isFinal, captures: &none) {
            case .yes(let close) where !matchers.sectionClose.isEmpty:
                emit(.marker, close)
                return .begun
            case .partial where bytes.skipSpace(from: end) < bytes.count || !isFinal:
                // Whether the section is empty is not known, but a call tells.
                let attempt = beginCall(at: bytes.skipSpace(from: end))
                return attempt == .none ? .waiting : attempt
            default: break
            }
            return beginCall(at: bytes.skipSpace(from: end))
        }
    }

    private mutating func beginAtStart() -> Attempt {
        hasMark = false
        let place = bytes.skipSpace(from: 0)
        guard place < bytes.count else { return isFinal ? .none : .waiting }
        var captures = Captures()
        switch matchers.sectionOpen.match(bytes, at: place, isFinal: isFinal, captures: &captures) {
        case .partial: return .waiting
        case .no: return .none
        case .yes(let end):
            hasMark = end > place && bytes[place] != UInt8(ascii: "[")
            return beginCall(at: bytes.skipSpace(from: end))
        }
    }

    /// Begins the call whose opening is at `place`; all bytes up to its arguments are the opening.
    private mutating func beginCall(at place: Int) -> Attempt {
        guard let calls = dialect.calls else { return .none }
        var captures = Captures()
        switch matchers.callOpen.match(bytes, at: place, isFinal: isFinal, captures: &captures) {
        case .partial: return .waiting
        case .no: return .none
        case .yes(let end):
            if case .wrapped(let format) = calls.arguments {
                let start = bytes.skipSpace(from: end)
                guard start < bytes.count else { return isFinal ? .none : .waiting }
                guard bytes[start] == UInt8(ascii: "{") else { return .none }
                wrapped = WrappedScanner(format, isStrict: !hasMark)
                scanned = start
                state = .wrapped
                isInSection = calls.hasSections
                return .begun
            }
            guard let name = captures.name, hasMark || tools[name] != nil else { return .none }
            isInSection = calls.hasSections
            beginCall(name, id: captures.id, end)
            beginArguments(calls, of: name)
            return .begun
        }
    }

    private mutating func beginArguments(_ calls: CallFormat, of name: String) {
        switch calls.arguments {
        case .json, .wrapped:
            json = JSONScanner()
            state = .json
        case .tagged(let format):
            converted = TaggedScanner(format, end: calls.close, types: tools[name]?.parameters)
            state = .converted
        case .literals(let format):
            converted = LiteralScanner(format)
            state = .converted
        }
    }

    /// After a call of a section: a separator and the next call, or the section's close.
    mutating func stepBetween() -> Bool {
        guard !bytes.isEmpty else { return false }
        let place = bytes.skipSpace(from: 0)
        if place == bytes.count, !isFinal { return false }
        var captures = Captures()
        let close = matchers.sectionClose.match(bytes, at: 0, isFinal: isFinal, captures: &captures)
        if !matchers.sectionClose.isEmpty, case .yes(let end) = close {
            emit(.marker, end)
            isInSection = false
            return leaveSection()
        }
        if !separatorIsDone {
            switch bytes.match(matchers.separator, at: place) {
            case .yes(let end):
                hasSeparator = true
                emit(.marker, end)
                return true
            case .partial where !isFinal: return false
            default: break
            }
        } else if place < bytes.count {
            let attempt =
                matchers.callOpen.opening == nil && matchers.sectionClose.isEmpty && matchers.separator.isEmpty
                ? .none : beginCall(at: place)
            switch attempt {
            case .waiting: return false
            case .begun: return true
            case .none: break
            }
        }
        if close == .partial, !matchers.sectionClose.isEmpty { return false }
        // What follows is no call; where calls have marks, one may still come.
        isInSection = matchers.callOpen.opening != nil
        return leaveSection()
    }

    private var separatorIsDone: Bool { hasSeparator || matchers.separator.isEmpty }

    private mutating func leaveSection() -> Bool {
        state = .text
        leadingLineBreaks = 2
        return true
    }

    // MARK: Reasoning

    mutating func stepReasoning() -> Bool {
        guard !bytes.isEmpty else { return false }
        if leadingLineBreaks > 0 {
            if bytes[0] == UInt8(ascii: "\n") {
                leadingLineBreaks -= 1
                emit(.marker, 1)
                return true
            }
            leadingLineBreaks = 0
        }
        let special = specials.first.map { $0.lowerBound - position }
        switch matchers.reasoningEnds.find(bytes, isFinal: isFinal) {
        case .text(let index, let place) where special.map { place < $0 } ?? true:
            let breaks = lineBreaks(before: place)
            emit(.reasoning, place - breaks)
            emit(.marker, breaks + matchers.reasoningEnds.texts[index].count)
            isAtStart = true
            leadingLineBreaks = 2
            state = dialect.framing == nil ? .text : .header
            return true
        case .partial(let place) where special.map { place < $0 } ?? true:
            emit(.reasoning, place - lineBreaks(before: place))
            return false
        default: break
        }
        if let special, let token = specials.first {
            emit(.reasoning, special)
            emit(.marker, token.count)
            return true
        }
        emit(.reasoning, isFinal ? bytes.count : bytes.count - lineBreaks(before: bytes.count))
        return false
    }

    // MARK: Messages

    /// The header of a framed message: who it is for, and its channel.
    mutating func stepHeader() -> Bool {
        guard let framing = dialect.framing, !bytes.isEmpty else { return false }
        leadingLineBreaks = 0
        // The end of a text within a header leaves nothing that anybody said.
        let message = TextScanner([Array(framing.message.utf8)]).find(bytes, isFinal: isFinal)
        guard isHeader(framing) != false else { return leaveHeader() }
        guard case .text(_, let place) = message else {
            if bytes.count > Limits.headerBytes { return leaveHeader() }
            guard isFinal else { return false }
            emit(.marker, bytes.count)
            return true
        }
        if place > Limits.headerBytes { return leaveHeader() }
        let header = String(decoding: bytes.slice(0..<place), as: UTF8.self)
        let end = place + framing.message.utf8.count
        let words = header.split { $0 == " " || $0 == "<" || $0 == ">" || $0 == "|" || $0.isNewline }
        if let recipient = words.first(where: { $0.hasPrefix("to=") })?.dropFirst(3), !recipient.isEmpty,
            recipient != "assistant", recipient != "user", dialect.calls != nil
        {
            let name =
                recipient.hasPrefix(framing.toolPrefix) ? recipient.dropFirst(framing.toolPrefix.count) : recipient
            beginCall(String(name), id: nil, end)
            json = JSONScanner()
            state = .json
            return true
        }
        emit(.marker, end)
        let isReasoning = words.contains { framing.reasoningChannels.contains(String($0)) }
        state = isReasoning ? .reasoning : .text
        return true
    }

    private mutating func leaveHeader() -> Bool {
        state = .text
        // What does not begin as a header does not stay one.
        emitContent(1)
        return true
    }

    /// Whether the bytes begin as a header does; nil where more must come.
    private func isHeader(_ framing: MessageFraming) -> Bool? {
        var isPartial = false
        for opening in [framing.start, framing.channel, " to=", "to=", "assistant"] {
            switch bytes.match(Array(opening.utf8), at: 0) {
            case .yes: return true
            case .partial: isPartial = true
            case .no: break
            }
        }
        return isPartial ? nil : false
    }
}

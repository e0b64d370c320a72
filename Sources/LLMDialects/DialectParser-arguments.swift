/// The arguments of calls, and how calls end.
extension DialectParser {
    // MARK: JSON

    mutating func stepJSON() -> Bool {
        var index = 0
        var spaces = 0
        while index < bytes.count {
            let status = json.consume(bytes[index])
            index += 1
            switch status {
            case .running: if !json.hasBegun { spaces += 1 }
            case .complete: return endJSON(index, spaces, .close)
            case .completeBefore: return endJSON(index - 1, spaces, .close)
            case .invalid:
                callEnd = .malformed
                return endJSON(index - 1, spaces, .broken)
            }
        }
        if index > 0 { _ = endJSON(index, spaces, .json) }
        if isFinal { endCall(.cut) }
        return false
    }

    private mutating func endJSON(_ count: Int, _ spaces: Int, _ next: State) -> Bool {
        emit(.arguments(Array(bytes.slice(min(spaces, count)..<count))), count)
        state = next
        return true
    }

    // MARK: A call as JSON

    mutating func stepWrapped() -> Bool {
        while scanned < bytes.count {
            let status = wrapped.consume(bytes[scanned])
            if status == .invalid {
                guard wrapped.name != nil, isBegun || hasMark else { return abandonCall() }
                beginWrapped()
                callEnd = .malformed
                emit(.arguments(wrapped.takeArguments()), scanned)
                scanned = 0
                state = .broken
                return true
            }
            scanned += 1
            if wrapped.name != nil, !isBegun {
                guard hasMark || tools[wrapped.name ?? ""] != nil else { return abandonCall() }
                beginWrapped()
            }
            if status == .complete {
                emit(.arguments(wrapped.takeArguments()), scanned)
                isBegun = false
                state = .close
                return true
            }
        }
        if isBegun {
            emit(.arguments(wrapped.takeArguments()), scanned)
            scanned = 0
        }
        if isFinal {
            guard isBegun else { return abandonCall() }
            isBegun = false
            endCall(.cut)
        }
        return false
    }

    private mutating func beginWrapped() {
        guard !isBegun, let name = wrapped.name else { return }
        beginCall(name, id: wrapped.id, scanned)
        scanned = 0
        isBegun = true
    }

    /// What was looked at is no call.
    private mutating func abandonCall() -> Bool {
        state = .text
        isPastStart = true
        emitContent(scanned, isUnparsed: hasMark)
        scanned = 0
        return true
    }

    // MARK: Converted arguments

    mutating func stepConverted() -> Bool {
        guard var scanner = converted else { return false }
        var end = 0
        let status = scanner.scan(bytes, from: &end, isFinal: isFinal)
        let output = scanner.takeOutput()
        scanner.drop(end)
        converted = scanner
        emit(.arguments(output), end)
        switch status {
        case .complete: state = .close
        case .malformed: endCall(.malformed)
        case .invalid:
            callEnd = .malformed
            state = .broken
        case .waiting:
            guard isFinal else { return false }
            emit(.arguments([]), bytes.count)
            endCall(.cut)
            return false
        }
        return true
    }

    // MARK: Ends

    /// What stands after the arguments; where it is missing, the call is whole without it.
    mutating func stepClose() -> Bool {
        if let framing = dialect.framing {
            let place = bytes.skipSpace(from: 0)
            var isPartial = place == bytes.count
            for end in framing.ends {
                switch bytes.match(Array(end.utf8), at: place) {
                case .yes(let end):
                    endCall(callEnd, end)
                    return true
                case .partial: isPartial = true
                case .no: break
                }
            }
            if isPartial, !isFinal { return false }
            endCall(callEnd)
            return true
        }
        var captures = Captures()
        switch matchers.callClose.match(bytes, at: 0, isFinal: isFinal, captures: &captures) {
        case .partial: return false
        case .yes(let end): endCall(callEnd, end)
        case .no: endCall(callEnd)
        }
        return true
    }

    /// Arguments that are not what the format wants, up to what ends the call.
    mutating func stepBroken() -> Bool {
        isBegun = false
        switch matchers.terminators.find(bytes, isFinal: isFinal) {
        case .text(_, let place):
            emit(.arguments(Array(bytes.slice(0..<place))), place)
            state = .close
            return true
        case .partial(let place):
            emit(.arguments(Array(bytes.slice(0..<place))), place)
            return false
        case .none:
            emit(.arguments(Array(bytes.slice(0..<bytes.count))), bytes.count)
            if isFinal { endCall(.malformed) }
            return false
        }
    }
}

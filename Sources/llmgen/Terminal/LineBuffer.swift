/// A line that is being edited, with the lines entered before it.
package struct LineBuffer {
    /// What a key leads to.
    package enum Outcome: Hashable {
        /// The line is to be drawn again.
        case edited
        case entered(String)
        case interrupted
        /// Ctrl-D in an empty line.
        case ended
    }

    private static let historyLimit = 1000

    private var characters: [Character] = []
    /// Characters before the cursor.
    private var cursor = 0
    private var history: [String] = []
    /// The place in the history that is shown; its count for the new line.
    private var place = 0
    /// The new line while an older one is shown.
    private var draft = ""

    package init() {}

    package var text: String { String(characters) }

    /// Edits the line; one that is entered becomes part of the history, and a new one begins.
    package mutating func apply(_ key: Key) -> Outcome {
        switch key {
        case .text(let text), .paste(let text): insert(text)
        case .enter: return .entered(enter())
        case .interrupt:
            begin()
            return .interrupted
        case .end:
            if characters.isEmpty { return .ended }
            remove(cursor..<min(cursor + 1, characters.count))
        case .backspace: remove(max(cursor - 1, 0)..<cursor)
        case .delete: remove(cursor..<min(cursor + 1, characters.count))
        case .killWord: remove(wordStart..<cursor)
        case .killToStart: remove(0..<cursor)
        case .killToEnd: remove(cursor..<characters.count)
        case .left: cursor = max(cursor - 1, 0)
        case .right: cursor = min(cursor + 1, characters.count)
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .lineStart: cursor = 0
        case .lineEnd: cursor = characters.count
        case .older: show(place - 1)
        case .newer: show(place + 1)
        case .redraw: break
        }
        return .edited
    }

    private mutating func enter() -> String {
        let line = text
        if !line.trimmed.isEmpty, history.last != line { history.append(line) }
        if history.count > Self.historyLimit { history.removeFirst() }
        begin()
        return line
    }

    private mutating func begin() {
        set("")
        draft = ""
        place = history.count
    }

    private mutating func set(_ text: String) {
        characters = Array(text)
        cursor = characters.count
    }

    private mutating func insert(_ text: String) {
        // A combining mark joins the character before it.
        let before = cursor > 0 ? String(characters[cursor - 1]) : ""
        let joined = Array(before + text)
        characters.replaceSubrange(max(cursor - 1, 0)..<cursor, with: joined)
        cursor = max(cursor - 1, 0) + joined.count
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private var wordStart: Int {
        let spaces = characters[..<cursor].reversed().prefix(while: \.isWhitespace).count
        return cursor - spaces - characters[..<(cursor - spaces)].reversed().prefix { !$0.isWhitespace }.count
    }

    private var wordEnd: Int {
        let spaces = characters[cursor...].prefix(while: \.isWhitespace).count
        return cursor + spaces + characters[(cursor + spaces)...].prefix { !$0.isWhitespace }.count
    }

    private mutating func show(_ other: Int) {
        guard 0...history.count ~= other, other != place else { return }
        if place == history.count { draft = text }
        place = other
        set(other == history.count ? draft : history[other])
    }

    // MARK: Drawing

    /// What draws the line over the one that the terminal's cursor is in: the part around the cursor that fits `columns`.
    package func drawn(prompt: String, columns: Int) -> String {
        let promptWidth = prompt.reduce(0) { $0 + $1.columns }
        let room = max(columns - promptWidth - 1, 1)
        var (start, before) = (cursor, 0)
        while start > 0, before + characters[start - 1].columns <= room {
            start -= 1
            before += characters[start].columns
        }
        var (end, width) = (cursor, before)
        while end < characters.count, width + characters[end].columns <= room {
            width += characters[end].columns
            end += 1
        }
        let shown = String(characters[start..<end].map { $0.isNewline ? "↵" : $0 == "\t" ? " " : $0 })
        let column = promptWidth + before
        return "\r\(prompt)\(shown)\u{1B}[K\r" + (column > 0 ? "\u{1B}[\(column)C" : "")
    }
}

extension Character {
    /// Columns of a terminal that the character takes, roughly: two for East Asian wide ones and emoji, none for what
    /// combines with the character before it.
    package var columns: Int {
        guard let first = unicodeScalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        if unicodeScalars.contains(where: { $0.properties.isEmojiPresentation || $0 == "\u{FE0F}" }) { return 2 }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

package import Foundation
import LLMJSON
public import Logging

/// How the log's lines are written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// Time, level, message and `name=value` pairs.
    case text
    /// A JSON object a line.
    case json
}

/// The log of a server: lines on stderr.
public enum ServerLog {
    /// Makes it the process's log; to be called once, before anything is logged.
    public static func start(format: LogFormat, level: Logger.Level) {
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, format: format, level: level) { line in
                try? FileHandle.standardError.write(contentsOf: line)
            }
        }
    }
}

/// Writes log messages as lines.
package struct LineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let format: LogFormat
    private let sink: @Sendable (Data) -> Void

    package init(
        label: String, format: LogFormat, level: Logger.Level, sink: @escaping @Sendable (Data) -> Void
    ) {
        self.label = label
        self.format = format
        logLevel = level
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        let sorted = fields.sorted { $0.key < $1.key }
        let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        switch format {
        case .text:
            let pairs = sorted.map { " \($0.key)=\(LineLogHandler.oneWord("\($0.value)"))" }.joined()
            let message = "\(event.message)".split(whereSeparator: \.isNewline).joined(separator: " ")
            sink(Data("\(time) \(event.level.rawValue) \(message)\(pairs)\n".utf8))
        case .json:
            var json = JSONWriter()
            json.object { json in
                json.member("time", time)
                json.member("level", event.level.rawValue)
                json.member("logger", label)
                json.member("message", "\(event.message)")
                for (key, value) in sorted {
                    if case .stringConvertible(let number) = value, let number = number as? Int {
                        json.member(key, number)
                    } else if case .stringConvertible(let number) = value, let number = number as? Double {
                        json.member(key, number)
                    } else {
                        json.member(key, "\(value)")
                    }
                }
            }
            sink(Data(json.bytes + [UInt8(ascii: "\n")]))
        }
    }

    /// The text as it is, or in quotes where it would not be one word.
    private static func oneWord(_ text: String) -> String {
        let isWord =
            !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f && $0 != "\"" }
        if isWord { return text }
        var json = JSONWriter()
        json.value(text)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

/// The formats of JSON Schema, as sets of texts.
enum Formats {
    /// What is known of a format: `inner` has valid texts only, `outer` has all of them. They differ where validity is not
    /// a regular language; then a document keeps to `inner`, and "not this format" is what is outside of `outer`.
    struct Texts: Sendable {
        let inner: RegexExpression
        let outer: RegexExpression
    }

    /// The texts of the format `name`; nil where it is none of the specification's.
    static func texts(_ name: String) -> Texts? {
        switch name {
        case "date": calendarDate
        case "time": time
        case "date-time": dateTime
        case "duration": duration
        case "email": email
        case "idn-email": idnEmail
        case "hostname": hostname
        case "idn-hostname": idnHostname
        case "ipv4": ipv4Address
        case "ipv6": ipv6Address
        case "uri": uri
        case "uri-reference": uriReference
        case "iri": iri
        case "iri-reference": iriReference
        case "uuid": uuid
        case "uri-template": uriTemplate
        case "json-pointer": jsonPointer
        case "relative-json-pointer": relativeJSONPointer
        case "regex": regex
        default: nil
        }
    }

    private static let calendarDate = exact("^(?:\(date))$")
    private static let duration = exact("^P(?:\(durationDate)|\(durationTime)|\\d+W)$")
    private static let email = exact("^\(mailbox)$")
    private static let idnEmail = Texts(inner: idnMailbox, outer: pattern("^[^]*@[^]*$"))
    private static let idnHostname = Texts(inner: .either([hostname.inner, idnName]), outer: pattern("^[^ ]+$"))
    private static let ipv4Address = exact("^\(ipv4)$")
    private static let ipv6Address = exact("^(?:\(ipv6))$")
    private static let uri = exact("^\(absolute(unreserved, ""))$")
    private static let uriReference = exact("^(?:\(absolute(unreserved, ""))|\(relative(unreserved, "")))$")
    private static let iri = exact("^\(absolute(iunreserved, iprivate))$")
    private static let iriReference = exact(
        "^(?:\(absolute(iunreserved, iprivate))|\(relative(iunreserved, iprivate)))$")
    private static let uuid = exact("^[\(hex)]{8}-[\(hex)]{4}-[\(hex)]{4}-[\(hex)]{4}-[\(hex)]{12}$")
    private static let uriTemplate = exact("^(?:\(templateLiteral)|\(templateExpression))*$")
    private static let jsonPointer = exact("^(?:/(?:[^/~]|~[01])*)*$")
    private static let relativeJSONPointer = exact("^(?:0|[1-9]\\d*)(?:#|(?:/(?:[^/~]|~[01])*)*)$")
    private static let regex = Texts(inner: pattern("^\(regexText)$"), outer: .anyText)

    private static func exact(_ text: String) -> Texts {
        let texts = pattern(text)
        return Texts(inner: texts, outer: texts)
    }

    private static func pattern(_ text: String) -> RegexExpression {
        do {
            return try ECMAPattern.texts(finding: text)
        } catch {
            preconditionFailure("a format's own pattern: \(error.reason)")
        }
    }

    // MARK: Dates and times (RFC 3339)

    private static let leapYear =
        "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
    private static let date =
        "(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)"
        + "|02-(?:0[1-9]|1\\d|2[0-8]))|\(leapYear)-02-29)"
    private static let hour = "(?:[01]\\d|2[0-3])"
    private static let fraction = "(?:\\.\\d+)?"

    private static let plainTime = pattern("^\(hour):[0-5]\\d:[0-5]\\d\(fraction)(?:[Zz]|[+-]\(hour):[0-5]\\d)$")

    /// A leap second is the last of a day in UTC: 23:59:60 less the offset. The hours and the minutes of time and offset
    /// determine each other, which is said of each apart.
    private static let leapSecond: RegexExpression = {
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        func branches(_ count: Int, _ branch: (Int) -> String) -> RegexExpression {
            pattern("^(?:" + (0..<count).map(branch).joined(separator: "|") + ")$")
        }
        let minute = "[0-5]\\d"
        return .either([
            pattern("^23:59:60\(fraction)[Zz]$"),
            branches(24) { "\(two($0)):59:60\(fraction)\\+\(two(($0 + 1) % 24)):00" },
            .both([
                branches(24) { "\(two($0)):\(minute):60\(fraction)\\+\(two($0)):\(minute)" },
                branches(59) { "\(hour):\(two($0)):60\(fraction)\\+\(hour):\(two($0 + 1))" },
            ]),
            .both([
                branches(24) { "\(two($0)):\(minute):60\(fraction)-\(two(23 - $0)):\(minute)" },
                branches(60) { "\(hour):\(two($0)):60\(fraction)-\(hour):\(two(59 - $0))" },
            ]),
        ])
    }()

    private static let timeTexts = RegexExpression.either([plainTime, leapSecond])
    private static let time = Texts(inner: timeTexts, outer: timeTexts)
    private static let dateTime: Texts = {
        let texts = RegexExpression.sequence([pattern("^\(date)$"), .bytes(ByteSet(Array("Tt".utf8))), timeTexts])
        return Texts(inner: texts, outer: texts)
    }()

    private static let durationTime = "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)"
    private static let durationDate =
        "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)(?:\(durationTime))?"

    // MARK: Hosts and addresses

    private static let octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
    private static let ipv4 = "\(octet)\\.\(octet)\\.\(octet)\\.\(octet)"
    private static let ipv6: String = {
        let group = "[\(hex)]{1,4}"
        let tail = "(?:\(group):\(group)|\(ipv4))"
        var forms = ["(?:\(group):){6}\(tail)", "::(?:\(group):){5}\(tail)"]
        for before in 0...4 {
            let head = "(?:(?:\(group):){0,\(before)}\(group))?"
            forms.append("\(head)::(?:\(group):){\(4 - before)}\(tail)")
        }
        forms.append("(?:(?:\(group):){0,5}\(group))?::\(group)")
        forms.append("(?:(?:\(group):){0,6}\(group))?::")
        return forms.joined(separator: "|")
    }()

    private static let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    /// Whether a label that starts with `xn--` is one depends on what it decodes to, so none is written.
    private static let hostname: Texts = {
        let outer = RegexExpression.both([
            pattern("^\(label)(?:\\.\(label))*$"), .repeated(.characters(.all), min: 1, max: 253),
        ])
        return Texts(inner: .both([outer, .not(pattern("(?:^|\\.)[^.]{2}--"))]), outer: outer)
    }()

    /// Names whose labels have letters, marks and digits of any script that is written from left to right, of those that
    /// are valid wherever they stand (RFC 5892), and few enough to fit when encoded.
    private static let idnName: RegexExpression = {
        let first = RegexExpression.characters(idnScalars(hasMarks: false))
        let any = RegexExpression.characters(idnScalars(hasMarks: true))
        let inner = RegexExpression.characters(idnScalars(hasMarks: true).union(ScalarSet("-")))
        let label = RegexExpression.sequence([first, .optional(.sequence([.repeated(inner, min: 0, max: 9), any]))])
        return .both([
            .sequence([label, .repeated(.sequence([.text("."), label]), min: 0, max: nil)]),
            .repeated(.characters(.all), min: 1, max: 50), .not(pattern("(?:^|\\.)[^.]{2}--")),
        ])
    }()

    private static func idnScalars(hasMarks: Bool) -> ScalarSet {
        let exceptions = ScalarSet([
            0xB7...0xB7, 0x375...0x375, 0x590...0x8FF, 0x1100...0x11FF, 0x200C...0x200D, 0x302E...0x3035,
            0x303B...0x303B, 0x30FB...0x30FB, 0xA960...0xA97F, 0xD7B0...0xD7FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF,
            0x10800...0x10FFF, 0x1E800...0x1EFFF,
        ])
        var ranges: [ClosedRange<UInt32>] = []
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value), !scalar.properties.changesWhenNFKCCaseFolded else { continue }
            switch scalar.properties.generalCategory {
            case .lowercaseLetter, .otherLetter, .modifierLetter, .decimalNumber: ranges.append(value...value)
            case .nonspacingMark, .spacingMark: if hasMarks { ranges.append(value...value) }
            default: continue
            }
        }
        return ScalarSet(ranges).subtracting(exceptions)
    }

    // MARK: Mail (RFC 5321, RFC 6531)

    private static let atomText = "A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
    private static let quotedText = "\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\""
    private static let mailHost = "(?:\(label)(?:\\.\(label))*|\\[(?:\(ipv4)|IPv6:(?:\(ipv6)))\\])"
    private static let mailbox = "(?:[\(atomText)]+(?:\\.[\(atomText)]+)*|\(quotedText))@\(mailHost)"
    private static let idnMailbox = RegexExpression.either([
        pattern("^\(mailbox)$"),
        .sequence([
            pattern("^[\(ucschar)\(atomText)]+(?:\\.[\(ucschar)\(atomText)]+)*@$"),
            .either([pattern("^\(mailHost)$"), idnName]),
        ]),
    ])

    // MARK: Resource identifiers (RFC 3986, RFC 3987, RFC 6570)

    private static let hex = "0-9A-Fa-f"
    private static let unreserved = "A-Za-z0-9._~-"
    private static let ucschar =
        "\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF"
        + (1...14).map { "\\u{\(String($0, radix: 16))0000}-\\u{\(String($0, radix: 16))fffd}" }
        .map { $0 == "\\u{e0000}-\\u{efffd}" ? "\\u{e1000}-\\u{efffd}" : $0 }.joined()
    private static let iunreserved = ucschar + unreserved
    private static let iprivate = "\\uE000-\\uF8FF\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}"
    private static let subDelimiters = "!$&'()*+,;="
    private static let escaped = "%[\(hex)]{2}"

    private static func authority(_ unreserved: String) -> String {
        let name = "(?:[\(subDelimiters)\(unreserved)]|\(escaped))*"
        let user = "(?:(?:[\(subDelimiters):\(unreserved)]|\(escaped))*@)?"
        let future = "v[\(hex)]+\\.[\(subDelimiters):\(Self.unreserved)]+"
        return "\(user)(?:\\[(?:\(ipv6)|\(future))\\]|\(name))(?::\\d*)?"
    }

    private static func character(_ unreserved: String, _ more: String) -> String {
        "(?:[\(subDelimiters):@\(more)\(unreserved)]|\(escaped))"
    }

    private static func absolute(_ unreserved: String, _ privateUse: String) -> String {
        let segment = character(unreserved, "")
        let path = "(?://\(authority(unreserved))(?:/\(segment)*)*|/?(?:\(segment)+(?:/\(segment)*)*)?)"
        return "[A-Za-z][A-Za-z0-9+.-]*:\(path)\(queryAndFragment(unreserved, privateUse))"
    }

    private static func relative(_ unreserved: String, _ privateUse: String) -> String {
        let segment = character(unreserved, "")
        let first = "(?:[\(subDelimiters)@\(unreserved)]|\(escaped))+"
        let path =
            "(?://\(authority(unreserved))(?:/\(segment)*)*|/(?:\(segment)+(?:/\(segment)*)*)?"
            + "|\(first)(?:/\(segment)*)*)?"
        return "\(path)\(queryAndFragment(unreserved, privateUse))"
    }

    private static func queryAndFragment(_ unreserved: String, _ privateUse: String) -> String {
        "(?:\\?\(character(unreserved, "/?" + privateUse))*)?(?:#\(character(unreserved, "/?"))*)?"
    }

    private static let templateLiteral =
        "(?:[!#$&(-;=?-\\[\\]_a-z~\(ucschar)\(iprivate)]|\(escaped))"
    private static let templateName = "(?:\\w|\(escaped))(?:\\.?(?:\\w|\(escaped)))*"
    private static let templateVariable = "\(templateName)(?::[1-9]\\d{0,3}|\\*)?"
    private static let templateExpression =
        "\\{[+#./;?&=,!@|]?\(templateVariable)(?:,\(templateVariable))*\\}"

    // MARK: Regular expressions (ECMA-262), of those without deep nesting

    private static let regexText: String = {
        let escape = "\\\\[dDwWsStnrfv.*+?^$()\\[\\]{}|/\\\\]"
        let range = "(?:[^\\\\\\[\\]^-]|\(escape)|a-z|A-Z|0-9)"
        let set = "\\[\\^?-?\(range)+-?\\]"
        // Two bounds of a repetition of which the second is surely not the less.
        let bounds =
            (0..<10).map { "\($0),[\($0)-9]" }.joined(separator: "|") + "|\\d,[1-9]\\d{1,2}|[1-9]\\d,[1-9]\\d\\d"
        let quantifier = "(?:(?:[*+?]|\\{(?:0|[1-9]\\d{0,2}),?\\}|\\{(?:\(bounds))\\})\\??)?"
        var term = "(?:(?:[^\\\\.*+?^$()\\[\\]{}|]|\\.|\(escape)|\(set))\(quantifier))"
        for _ in 0..<2 {
            let body = "\(term)*(?:\\|\(term)*)*"
            term = "(?:\(term)|\\((?:\\?:)?\(body)\\)\(quantifier))"
        }
        return "\\^?\(term)*(?:\\|\(term)*)*\\$?"
    }()
}

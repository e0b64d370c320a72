public import Foundation

/// The time that a chat template's `strftime_now` tells.
public struct TemplateClock: Sendable {
    private let now: @Sendable () -> Date
    private let timeZone: TimeZone

    /// A clock that asks `now` for the time, and tells it in `timeZone`.
    public init(timeZone: TimeZone = .current, now: @escaping @Sendable () -> Date = { Date() }) {
        self.now = now
        self.timeZone = timeZone
    }

    /// The system's clock, in the system's time zone.
    public static let system = TemplateClock()

    /// A clock that stands still at `date`, told in UTC.
    public static func fixed(at date: Date) -> TemplateClock {
        TemplateClock(timeZone: .gmt) { date }
    }

    /// The time by a format of C's `strftime`, in the C locale, as Python's `datetime.now().strftime` writes it. A
    /// conversion that is not known stays as it is.
    func formatted(_ format: String) -> String {
        let date = now()
        let seconds = date.timeIntervalSince1970 + Double(timeZone.secondsFromGMT(for: date))
        // The years 1 to 9999, as in Python.
        let clamped = min(max(seconds, -62_135_596_800), 253_402_300_799)
        return CalendarTime(secondsSince1970: clamped).formatted(format)
    }
}

/// A date and a time of day in the Gregorian calendar.
private struct CalendarTime {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int
    let microsecond: Int
    /// 0 is Sunday.
    let weekday: Int
    /// 1 is the first of January.
    let dayOfYear: Int

    init(secondsSince1970 seconds: Double) {
        let whole = Int(seconds.rounded(.down))
        microsecond = Int((seconds - Double(whole)) * 1e6)
        let days = (whole - Self.modulo(whole, 86_400)) / 86_400
        let secondOfDay = Self.modulo(whole, 86_400)
        (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
        weekday = Self.modulo(days + 4, 7)
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": civil_from_days.
        let shifted = days + 719_468
        let era = (shifted - Self.modulo(shifted, 146_097)) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfShiftedYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfShiftedYear + 2) / 153
        day = dayOfShiftedYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
        dayOfYear = before + day + (isLeap && month > 2 ? 1 : 0)
    }

    private static func modulo(_ value: Int, _ divisor: Int) -> Int {
        let remainder = value % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    func formatted(_ format: String) -> String {
        var result = ""
        var rest = format.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var isUnpadded = false
            if rest.first == "-" {
                isUnpadded = true
                rest = rest.dropFirst()
            }
            guard let conversion = rest.popFirst() else {
                result += isUnpadded ? "%-" : "%"
                break
            }
            guard var text = text(conversion) else {
                result += (isUnpadded ? "%-" : "%") + String(conversion)
                continue
            }
            if isUnpadded { text = String(text.drop { $0 == "0" || $0 == " " }) }
            result += isUnpadded && text.isEmpty ? "0" : text
        }
        return result
    }

    private func text(_ conversion: Unicode.Scalar) -> String? {
        switch conversion {
        case "Y": String(year)
        case "C": padded(year / 100)
        case "y": padded(year % 100)
        case "m": padded(month)
        case "d": padded(day)
        case "e": padded(day, with: " ")
        case "H": padded(hour)
        case "I": padded((hour + 11) % 12 + 1)
        case "k": padded(hour, with: " ")
        case "l": padded((hour + 11) % 12 + 1, with: " ")
        case "M": padded(minute)
        case "S": padded(second)
        case "f": padded(microsecond, 6)
        case "p": hour < 12 ? "AM" : "PM"
        case "P": hour < 12 ? "am" : "pm"
        case "j": padded(dayOfYear, 3)
        case "B": Self.months[month - 1]
        case "b", "h": String(Self.months[month - 1].prefix(3))
        case "A": Self.weekdays[weekday]
        case "a": String(Self.weekdays[weekday].prefix(3))
        case "w": String(weekday)
        case "u": String(weekday == 0 ? 7 : weekday)
        case "U": padded((dayOfYear + 6 - weekday) / 7)
        case "W": padded((dayOfYear + 6 - (weekday + 6) % 7) / 7)
        case "F": "\(padded(year, 4))-\(padded(month))-\(padded(day))"
        case "D", "x": "\(padded(month))/\(padded(day))/\(padded(year % 100))"
        case "T", "X": "\(padded(hour)):\(padded(minute)):\(padded(second))"
        case "R": "\(padded(hour)):\(padded(minute))"
        case "r": "\(padded((hour + 11) % 12 + 1)):\(padded(minute)):\(padded(second)) \(hour < 12 ? "AM" : "PM")"
        case "c": formatted("%a %b %e %H:%M:%S %Y")
        case "n": "\n"
        case "t": "\t"
        case "%": "%"
        // A time without a zone, as `datetime.now()` gives it.
        case "z", "Z": ""
        default: nil
        }
    }

    private func padded(_ value: Int, _ width: Int = 2, with fill: Character = "0") -> String {
        let digits = String(value)
        return String(repeating: fill, count: max(0, width - digits.utf8.count)) + digits
    }
}

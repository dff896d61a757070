internal import Essentials

/// One line of the log, as bytes.
enum LogLine {
    /// PIPE_BUF: a pipe takes a line of this length whole, never mixed with another process' lines.
    static let bytesMax = 4096

    /// Writes the line with its newline, at most `bytesMax` bytes: fields that do not fit are left
    /// out, and `truncated=true` says so.
    static func format(
        _ format: LogFormat, timeMs: UInt64, level: LogLevel, message: String,
        fields: [(name: String, value: LogValue)]
    ) -> [UInt8] {
        var line = ""
        let head: [(name: String, value: LogValue)] = [
            ("time", .text(timestamp(ms: timeMs))), ("level", .text(level.rawValue)),
            // A message is a literal of the source; the bound is against mistakes only.
            ("message", .text(shortened(message, bytesMax: 1024))),
        ]
        for field in head { append(field, format, to: &line) }
        // The end of the line, and the note that something is missing.
        let room = bytesMax - 24
        for field in fields {
            var text = ""
            let value = field.value.shortened(bytesMax: 1024)
            append((field.name, value), format, isFirst: false, to: &text)
            guard line.utf8.count + text.utf8.count <= room else {
                append(("truncated", true), format, to: &line)
                break
            }
            line += text
        }
        line += format == .json ? "}\n" : "\n"
        return Array(line.utf8)
    }

    private static func append(
        _ field: (name: String, value: LogValue), _ format: LogFormat, isFirst: Bool? = nil,
        to line: inout String
    ) {
        let isFirst = isFirst ?? line.isEmpty
        switch format {
        case .logfmt:
            if !isFirst { line += " " }
            line += field.name + "="
            switch field.value {
            case .text(let text): appendWord(text, to: &line)
            case .integer(let value): line += String(value)
            case .number(let value): line += String(value)
            case .bool(let value): line += String(value)
            }
        case .json:
            line += isFirst ? "{" : ","
            JSON.writeQuoted(field.name, into: &line)
            line += ":"
            switch field.value {
            case .text(let text): JSON.writeQuoted(text, into: &line)
            case .integer(let value): line += JSON.integer(value).text
            case .number(let value): line += JSON.number(value).text
            case .bool(let value): line += JSON.bool(value).text
            }
        }
    }

    /// Text without spaces, quotes, `=` and control characters stands as it is; other text is
    /// quoted and escaped, so that nothing that was logged can look like a field or a line of its
    /// own.
    private static func appendWord(_ text: String, to line: inout String) {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && scalar != "\"" && scalar != "=" && scalar != "\\"
                && !(0x7F...0x9F ~= scalar.value) && !(0x2028...0x2029 ~= scalar.value)
        }
        if isPlain, !text.isEmpty {
            line += text
        } else {
            JSON.writeQuoted(text, into: &line)
        }
    }

    static func shortened(_ text: String, bytesMax: Int) -> String {
        guard text.utf8.count > bytesMax else { return text }
        var out = ""
        for character in text {
            guard out.utf8.count + character.utf8.count <= bytesMax else { break }
            out.append(character)
        }
        return out + "…"
    }

    /// ISO 8601 in UTC with milliseconds: `2026-02-28T23:59:59.999Z`.
    static func timestamp(ms: UInt64) -> String {
        let seconds = ms / 1000
        let (day, secondOfDay) = (Int(seconds / 86_400), Int(seconds % 86_400))
        let date = civilDate(daysSince1970: day)
        var text = digits(date.year, 4) + "-" + digits(date.month, 2) + "-" + digits(date.day, 2)
        text += "T" + digits(secondOfDay / 3600, 2) + ":" + digits(secondOfDay / 60 % 60, 2)
        return text + ":" + digits(secondOfDay % 60, 2) + "." + digits(Int(ms % 1000), 3) + "Z"
    }

    private static func digits(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// The Gregorian date: H. Hinnant, "chrono-compatible low-level date algorithms",
    /// civil_from_days, for days from 1970 on. Its years begin in March, so that the leap day is a
    /// year's last.
    private static func civilDate(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let days = daysSince1970 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension LogValue {
    fileprivate func shortened(bytesMax: Int) -> LogValue {
        if case .text(let text) = self {
            .text(LogLine.shortened(text, bytesMax: bytesMax))
        } else {
            self
        }
    }
}

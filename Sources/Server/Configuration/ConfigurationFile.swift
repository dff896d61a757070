internal import Essentials

/// A configuration file, line by line: `name value`, with `#` comments and quotes, as Redis has it.
///
/// It keeps every line as it was, so that a rewrite changes only what changed.
struct ConfigurationFile {
    struct Line {
        /// The line as it stands in the file, without its end.
        var text: String
        /// The setting's name and its values; empty for a blank line or a comment.
        var words: [String] = []
        /// From the `#` on, when a comment follows the words.
        var comment = ""
    }

    let path: String
    private(set) var lines: [Line] = []

    init(path: String, contents: [UInt8]) throws(ConfigurationError) {
        self.path = path
        guard let text = String(validating: contents, as: UTF8.self), !contents.contains(0) else {
            throw .file("\(path): not a text in UTF-8")
        }
        var rest = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        if rest.last == "" { rest.removeLast() }
        for (index, line) in rest.enumerated() {
            do throws(ConfigurationError) {
                lines.append(try Self.parse(String(line)))
            } catch {
                throw .at(place: "\(path):\(index + 1)", error)
            }
        }
    }

    /// Puts the values of the file over those of `configuration`.
    func apply(to configuration: inout Configuration) throws(ConfigurationError) {
        var repeated: [(setting: Setting, texts: [String])] = []
        var seen: [String] = []
        for (index, line) in lines.enumerated() where !line.words.isEmpty {
            do throws(ConfigurationError) {
                let setting = try Setting.find(line.words[0])
                let texts = Array(line.words.dropFirst())
                if let place = repeated.firstIndex(where: { $0.setting.name == setting.name }) {
                    repeated[place].texts += texts
                    try setting.set(repeated[place].texts, in: &configuration)
                } else {
                    guard !seen.contains(setting.name) else { throw .repeated(name: setting.name) }
                    try setting.set(texts, in: &configuration)
                    if setting.isRepeatable {
                        repeated.append((setting, texts))
                    } else {
                        seen.append(setting.name)
                    }
                }
            } catch {
                throw .at(place: "\(path):\(index + 1)", error)
            }
        }
    }

    /// The file with the values of `configuration`: comments and order stay, changed values replace
    /// the old ones in their lines, and what the file does not mention follows at the end when it
    /// differs from the default.
    func rewritten(with configuration: Configuration) -> String {
        let defaults = Configuration()
        var written: [String] = []
        var out: [String] = []
        for line in lines {
            guard let name = line.words.first, let setting = Setting.named(name) else {
                out.append(line.text)
                continue
            }
            let texts = setting.texts(in: configuration)
            if texts == self.texts(of: setting) {
                out.append(line.text)
            } else if setting.isRepeatable {
                // All of them go where the first one was.
                if !written.contains(setting.name) {
                    out += texts.map { Self.format(name, [$0], comment: line.comment) }
                }
            } else {
                out.append(Self.format(name, texts, comment: line.comment))
            }
            written.append(setting.name)
        }
        let added = Setting.all.filter { setting in
            !written.contains(setting.name)
                && setting.texts(in: configuration) != setting.texts(in: defaults)
        }
        if !added.isEmpty, !lines.contains(where: { $0.text == Self.rewriteHeading }) {
            out += ["", Self.rewriteHeading]
        }
        for setting in added {
            let texts = setting.texts(in: configuration)
            out +=
                setting.isRepeatable
                ? texts.map { Self.format(setting.name, [$0]) } : [Self.format(setting.name, texts)]
        }
        return out.map { $0 + "\n" }.joined()
    }

    /// The values that the file has for `setting`, over all its lines.
    private func texts(of setting: Setting) -> [String] {
        lines.flatMap { line in
            let isOfIt = line.words.first.map { Setting.named($0)?.name == setting.name } ?? false
            return isOfIt ? Array(line.words.dropFirst()) : []
        }
    }

    private static let rewriteHeading = "# Added by CONFIG REWRITE."

    /// One line of a file, with quotes where the values need them.
    static func format(_ name: String, _ texts: [String], comment: String = "") -> String {
        let words = [name] + texts.map(quoted)
        return (words + (comment.isEmpty ? [] : [comment])).joined(separator: " ")
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "'")
                && byte != UInt8(ascii: "\\")
        }
        if isPlain, !text.isEmpty, !text.hasPrefix("#") { return text }
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\\(scalar)"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                out += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// Splits a line into words: bare ones, `"…"` with `\n \r \t \xHH \\ \"`, or `'…'` with `\'`.
    /// A `#` where a word could begin starts a comment.
    static func parse(_ text: String) throws(ConfigurationError) -> Line {
        var line = Line(text: text)
        let bytes = Array(text.utf8)
        var index = 0
        while true {
            while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
            guard index < bytes.count else { break }
            if bytes[index] == UInt8(ascii: "#") {
                line.comment = String(decoding: bytes[index...], as: UTF8.self)
                break
            }
            let word = try readWord(bytes, &index)
            guard let word = String(validating: word, as: UTF8.self), !word.contains("\0") else {
                throw .malformed("not a text in UTF-8")
            }
            line.words.append(word)
        }
        guard line.words.count != 1 else {
            throw .malformed("'\(line.words[0])' has no value (write \"\" for an empty one)")
        }
        return line
    }

    private static func readWord(
        _ bytes: [UInt8], _ index: inout Int
    ) throws(ConfigurationError) -> [UInt8] {
        let quote = bytes[index]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = index
            while index < bytes.count, bytes[index] != 0x20, bytes[index] != 0x09 { index += 1 }
            return Array(bytes[start..<index])
        }
        index += 1
        var word: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == quote {
                let isEnd = index == bytes.count || bytes[index] == 0x20 || bytes[index] == 0x09
                guard isEnd else { throw .malformed("no space after a closing quote") }
                return word
            }
            guard byte == UInt8(ascii: "\\"), index < bytes.count else {
                word.append(byte)
                continue
            }
            let escaped = bytes[index]
            if quote == UInt8(ascii: "'") {
                // Only a quote is escaped; any other backslash stands for itself.
                word.append(escaped == quote ? quote : byte)
                if escaped == quote { index += 1 }
                continue
            }
            index += 1
            switch escaped {
            case UInt8(ascii: "n"): word.append(0x0A)
            case UInt8(ascii: "r"): word.append(0x0D)
            case UInt8(ascii: "t"): word.append(0x09)
            case UInt8(ascii: "x"):
                let digits = String(decoding: bytes[index...].prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else {
                    throw .malformed("\\x needs two hexadecimal digits")
                }
                word.append(value)
                index += 2
            default: word.append(escaped)
            }
        }
        throw .malformed("a quote is not closed")
    }
}

extension Setting {
    /// The setting called `name`, or an error that names the nearest one.
    static func find(_ name: String) throws(ConfigurationError) -> Setting {
        if let setting = named(name) { return setting }
        if RedisSetting.named(name) != nil { throw .readOnly(name: name.lowercased()) }
        throw .unknown(name: name, suggestion: suggestion(for: name))
    }

    /// The nearest name, if it is near enough to be a slip of the fingers.
    private static func suggestion(for name: String) -> String? {
        let name = Array(name.lowercased().utf8.prefix(64))
        let distances = all.map { ($0.name, distance(name, Array($0.name.utf8))) }
        guard let best = distances.min(by: { $0.1 < $1.1 }) else { return nil }
        // A third of the letters may differ; of short names hardly any would not.
        return best.1 <= min(3, max(1, best.0.utf8.count / 3)) ? best.0 : nil
    }

    /// Levenshtein's distance: how many letters to insert, remove or replace.
    private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        var previous = Array(0...other.count)
        for (row, byte) in one.enumerated() {
            var current = [row + 1]
            for (column, otherByte) in other.enumerated() {
                let replaced = previous[column] + (byte == otherByte ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[other.count]
    }
}

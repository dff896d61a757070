internal import Essentials
internal import Platform

/// Tells how the run goes, on the standard error: one line that changes on a terminal, else a line
/// for each second. Belongs to the main thread.
struct Progress {
    let isWanted: Bool
    private let isTerminal = CommandLineTool.Stream.error.isTerminal

    /// A line that stays.
    func say(_ line: String) {
        guard isWanted else { return }
        CommandLineTool.write((isTerminal ? "\r\u{1B}[K" : "") + line + "\n", to: .error)
    }

    /// Shows the last second: what was measured up to now, and what up to a second before.
    func tick(_ name: String, seconds: Int, _ now: Measurements, since before: Measurements) {
        guard isWanted else { return }
        let recent = now.allLatencies.since(before.allLatencies)
        var line = "\(name)  \(seconds) s  \(Figures.grouped(Int(recent.count))) ops/s"
        line += "  p50 \(Figures.milliseconds(recent.percentile(50)))"
        line += "  p99 \(Figures.milliseconds(recent.percentile(99))) ms"
        if now.failed > 0 {
            line += "  errors \(Figures.grouped(Int(now.failed)))"
            if let last = now.errors.max(by: { $0.count < $1.count }) { line += " (\(last.code))" }
        }
        CommandLineTool.write(isTerminal ? "\r\u{1B}[K" + line : line + "\n", to: .error)
    }

    /// Clears the line that changes.
    func endLine() {
        if isWanted, isTerminal { CommandLineTool.write("\r\u{1B}[K", to: .error) }
    }
}

internal import Essentials
internal import Platform

/// Tells how a soak goes, on the standard error: one line that changes on a terminal, else a line
/// every ten seconds.
struct Progress {
    let seeds: Int?
    private let startNs = SystemClock.monotonicNs()
    private var saidNs: UInt64 = 0
    private var hasLine = false

    init(seeds: Int?) { self.seeds = seeds }

    mutating func tick(_ totals: Soak.Totals) {
        let nowNs = SystemClock.monotonicNs()
        let sinceNs = nowNs - max(saidNs, startNs)
        guard sinceNs >= (Output.isTerminal ? 200_000_000 : 10_000_000_000) else { return }
        saidNs = nowNs
        let seconds = Double(nowNs - startNs) / 1e9
        var line = Figures.grouped(totals.seeds)
        if let seeds { line += " of \(Figures.grouped(seeds))" }
        let rate = Figures.decimal(Double(totals.seeds) / seconds, digits: 1)
        line += " seeds, \(rate) a second"
        if !totals.failed.isEmpty { line += ", \(totals.failed.count) BROKEN" }
        Output.complain(Output.isTerminal ? "\r\u{1B}[K" + line : line + "\n")
        hasLine = true
    }

    func end() {
        if hasLine, Output.isTerminal { Output.complain("\r\u{1B}[K") }
    }
}

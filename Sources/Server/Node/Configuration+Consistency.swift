internal import Engine

extension Configuration {
    /// What requests run under where nobody says anything else.
    var consistency: Consistency {
        Consistency(
            r: r, w: w, pr: pr, pw: pw, dw: dw, timeoutMs: UInt32(clamping: requestTimeoutMs))
    }
}

extension QuorumReport {
    init(_ consistency: Consistency) {
        self.init(
            r: consistency.r, w: consistency.w, pr: consistency.pr, pw: consistency.pw,
            dw: consistency.dw)
    }
}

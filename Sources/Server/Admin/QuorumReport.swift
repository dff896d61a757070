internal import Essentials

/// What requests run under, in numbers: part of `KeyReport`.
public struct QuorumReport: Sendable {
    public var r: Int
    public var w: Int
    public var pr: Int
    public var pw: Int
    public var dw: Int

    public init(r: Int, w: Int, pr: Int, pw: Int, dw: Int) {
        self.r = r
        self.w = w
        self.pr = pr
        self.pw = pw
        self.dw = dw
    }

    var json: JSON {
        [
            "r": .integer(r), "w": .integer(w), "pr": .integer(pr), "pw": .integer(pw),
            "dw": .integer(dw),
        ]
    }
}

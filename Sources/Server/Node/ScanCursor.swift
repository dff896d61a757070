internal import Placement

/// Where a scan goes on, as clients keep it between two calls of SCAN: the upper 53 bits of a
/// position.
///
/// Not all 64, since clients put cursors into what their languages have: JavaScript's numbers are
/// exact up to 2^53, PHP's are signed. Positions that share a cursor are always read together;
/// below the 14 bits of the slot 39 bits of a hash are left, so that is hardly ever more than one
/// key.
struct ScanCursor: Equatable, Comparable, Sendable {
    private static let droppedBits: UInt64 = 11
    private static let end: UInt64 = 1 << (64 - droppedBits)

    /// What a client is told; 0 is where a scan begins, and said when it has ended.
    let rawValue: UInt64

    /// Nil for a number that no scan says: nothing is there any more.
    init?(rawValue: UInt64) {
        guard rawValue < Self.end else { return nil }
        self.rawValue = rawValue
    }

    /// The cursor that `position` lies behind, or at.
    init(before position: Position) { rawValue = position.rawValue >> Self.droppedBits }

    /// The first position that a scan from here reads.
    var position: Position { Position(rawValue: rawValue << Self.droppedBits) }

    static func < (left: ScanCursor, right: ScanCursor) -> Bool { left.rawValue < right.rawValue }
}

/// What goes wrong in runs about agreement besides, aimed at those who decide.
enum StormFault: Int, CaseIterable, Sendable {
    case leaderCrash, leaderCut, leaderMuted, leaderDeafened, handover
    case crashAfterVote, crashAfterOneAppend, crashAfterConfirmation, crashAfterCommit
    case randomSplit, splitAtVotersChange, rivalCandidates
    case voterChange, voterChangeAtElection
    case join, leave

    /// In the summary.
    var name: String {
        switch self {
        case .leaderCrash: "leader crashes"
        case .leaderCut: "leader cut off"
        case .leaderMuted: "leader not heard"
        case .leaderDeafened: "leader hears nobody"
        case .handover: "leader asked to hand over"
        case .crashAfterVote: "crash after a vote"
        case .crashAfterOneAppend: "crash after one append"
        case .crashAfterConfirmation: "crash after a confirmation"
        case .crashAfterCommit: "crash after a commit"
        case .randomSplit: "two random groups"
        case .splitAtVotersChange: "two groups at a change of voters"
        case .rivalCandidates: "rival candidates"
        case .voterChange: "voter changed at will"
        case .voterChangeAtElection: "voter changed at an election"
        case .join: "node asks to join"
        case .leave: "member removed"
        }
    }
}

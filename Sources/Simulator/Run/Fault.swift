/// What goes wrong in runs.
///
/// Each seed draws which of them may happen, so that some runs see one kind again and again and
/// others a mixture ("swarm testing", Groce et al., ISSTA 2012).
enum Fault: Int, CaseIterable, Sendable {
    case cut, oneWayCut, isolation, split, flapping, reconnect
    case loss, duplication, delay
    case pause, crash, crashInPass, powerLoss, powerLossInPass, blackout, stop, longAbsence
    case diskError, slowDisk, corruption, nearlyFull
    case busyLoops, loopStall, processStall, longPause, stragglers
    case clockSkew, clockJump
    case addressChange, addressSwap, rivalAdmins, earlyMove, wipedNode
    case otherLoops
    case exchangedAddresses, takenAddress
    case diskPutBack
    case clockLost

    /// In the summary.
    var name: String {
        switch self {
        case .cut: "cut"
        case .oneWayCut: "one-way cut"
        case .isolation: "node isolated"
        case .split: "cluster split"
        case .flapping: "flapping link"
        case .reconnect: "connection reset"
        case .loss: "messages lost"
        case .duplication: "messages doubled"
        case .delay: "messages late"
        case .pause: "pause"
        case .crash: "crash"
        case .crashInPass: "crash in a pass"
        case .powerLoss: "power loss"
        case .powerLossInPass: "power loss in a pass"
        case .blackout: "power loss everywhere"
        case .stop: "orderly stop"
        case .longAbsence: "long absence"
        case .diskError: "disk write error"
        case .slowDisk: "slow disk"
        case .corruption: "corrupt record"
        case .nearlyFull: "disk nearly full"
        case .busyLoops: "slow loops"
        case .loopStall: "loop stands still in a pass"
        case .processStall: "process stands still in a pass"
        case .longPause: "pause past all patience"
        case .stragglers: "messages very late"
        case .clockSkew: "clock skew"
        case .clockJump: "clock jump"
        case .addressChange: "address change"
        case .addressSwap: "members exchange addresses"
        case .otherLoops: "other number of loops"
        case .rivalAdmins: "two admins at once"
        case .earlyMove: "move under data"
        case .wipedNode: "wiped node"
        case .exchangedAddresses: "addresses exchanged"
        case .takenAddress: "address taken over"
        case .clockLost: "clock wrong by hours or years"
        case .diskPutBack: "disk put back"
        }
    }
}

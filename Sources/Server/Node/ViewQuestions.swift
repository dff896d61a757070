internal import Essentials
internal import Membership

/// Whom one member sees.
struct MemberView: Sendable {
    let by: NodeNumber
    /// Of the other members, by number.
    let others: [(node: NodeNumber, liveness: Liveness)]

    init(by node: NodeNumber, _ report: DetectorReport) {
        by = node
        others = report.peers.map { ($0.node, $0.liveness) }
    }

    init(by node: NodeNumber, _ rumours: [Rumour]) {
        by = node
        others = rumours.map { ($0.subject, $0.liveness) }
    }
}

/// Questions to all members whom they see, that wait for answers. Confined to its loop.
struct ViewQuestions {
    private struct Question {
        let number: UInt64
        var views: [MemberView]
        let viewsMax: Int
        let done: ([MemberView]) -> Void
    }

    private var questions: [Question] = []
    private var lastNumber: UInt64 = 0

    /// - Parameter count: how many others there are to answer.
    mutating func begin(
        _ own: MemberView, of count: Int, done: @escaping ([MemberView]) -> Void
    ) -> UInt64 {
        lastNumber += 1
        questions.append(
            Question(number: lastNumber, views: [own], viewsMax: count + 1, done: done))
        endIfAnswered(lastNumber)
        return lastNumber
    }

    mutating func answered(_ number: UInt64, _ view: MemberView) {
        guard let index = questions.firstIndex(where: { $0.number == number }),
            !questions[index].views.contains(where: { $0.by == view.by })
        else { return }
        questions[index].views.append(view)
        endIfAnswered(number)
    }

    /// Nobody waits longer.
    mutating func end(_ number: UInt64) {
        guard let index = questions.firstIndex(where: { $0.number == number }) else { return }
        let question = questions.remove(at: index)
        question.done(question.views)
    }

    private mutating func endIfAnswered(_ number: UInt64) {
        guard let question = questions.first(where: { $0.number == number }),
            question.views.count == question.viewsMax
        else { return }
        end(number)
    }
}

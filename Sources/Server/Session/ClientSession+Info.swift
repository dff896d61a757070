internal import Commands
internal import Essentials
internal import Wire

/// INFO, and the start of its counters anew.
extension ClientSession {
    func report(_ arguments: [[UInt8]]) {
        let sections = InfoReport.Section.wanted(arguments.dropFirst())
        answerGathered(ShardFigures.init) { shard, parts in
            .verbatim(Array(InfoReport(shard, parts).text(sections).utf8))
        }
    }

    func resetStatistics() {
        answerGathered(ShardFigures.init) { shard, parts in
            let clients = shard.services.clients
            shard.services.statisticsBase.current = StatisticsBase.Base(
                figures: .sum(parts), connections: clients.receivedCount,
                rejections: clients.rejectedCount)
            return .ok
        }
    }
}

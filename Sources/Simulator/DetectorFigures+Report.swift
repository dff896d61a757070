public import Essentials

extension DetectorFigures {
    /// A table for people, a line for each study.
    public static func table(_ studies: [DetectorFigures]) -> String {
        let titles = [
            "nodes", "loss", "msgs/s", "busiest", "bytes/s", "size max", "suspected", "dead",
            "all know", "suspicions/h", "false", "starved", "paused", "back", "healed",
        ]
        let rows = [titles] + studies.map(\.cells)
        let widths = titles.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            row.indices.map { column in
                String(repeating: " ", count: widths[column] - row[column].count) + row[column]
            }.joined(separator: "  ")
        }
        return lines.joined(separator: "\n") + "\n" + legend
    }

    private var cells: [String] {
        [
            "\(nodes)", "\(lossPercent) %", Self.decimal(messages), Self.decimal(messagesMax),
            Self.decimal(bytes), "\(messageSizeMax)", Self.seconds(suspectedMs),
            Self.seconds(deadMs), Self.seconds(everywhereMs), Self.decimal(falseSuspicions),
            "\(falseDeaths)", "\(starvedDeaths)", "\(pausedDeaths)", Self.seconds(resumedMs),
            Self.seconds(healedMs),
        ]
    }

    private static let legend = """

        msgs/s, bytes/s: sent by a node in good health; busiest: by the busiest node.
        suspected, dead, all know: after a crash that closes no connection.
        suspicions/h: begun wrongly, in an hour of a node. Members wrongly taken for dead:
        false: in good health; starved: while one node gets an eighth of a processor;
        paused: by a node that stood still for 20 s. back: until all take that node for alive.
        healed: after a cut through the middle, until everybody takes everybody for alive.

        """

    /// One digit after the point.
    private static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func seconds(_ ms: UInt64?) -> String {
        ms.map { decimal(Double($0) / 1000) + " s" } ?? "never"
    }

    public var json: JSON {
        func milliseconds(_ value: UInt64?) -> JSON {
            value.map { .integer(Int($0)) } ?? nil
        }
        return [
            "nodes": .integer(nodes), "loss_percent": .integer(lossPercent),
            "messages_per_second": .number(messages),
            "messages_per_second_max": .number(messagesMax),
            "bytes_per_second": .number(bytes), "message_bytes_max": .integer(messageSizeMax),
            "suspected_ms": milliseconds(suspectedMs), "dead_ms": milliseconds(deadMs),
            "known_everywhere_ms": milliseconds(everywhereMs),
            "false_suspicions_per_node_hour": .number(falseSuspicions),
            "false_deaths": .integer(falseDeaths),
            "false_deaths_starved": .integer(starvedDeaths),
            "false_deaths_paused": .integer(pausedDeaths),
            "back_ms": milliseconds(resumedMs), "healed_ms": milliseconds(healedMs),
        ]
    }
}

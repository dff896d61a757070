internal import Platform

/// One option of the command line. Parser and help are made from this table.
struct Option: Sendable {
    let name: String
    let short: String?
    /// What the value is called in the help; nil when there is none.
    let placeholder: String?
    let help: String
    let apply: @Sendable (inout Options, String) throws(Failure) -> Void

    func matches(_ text: String) -> Bool { text == name || text == short }

    init(
        _ name: String, _ placeholder: String?, short: String? = nil, _ help: String,
        _ apply: @escaping @Sendable (inout Options, String) throws(Failure) -> Void
    ) {
        self.name = name
        self.short = short
        self.placeholder = placeholder
        self.help = help
        self.apply = apply
    }

    /// In the order of the help, in sections.
    static let sections: [(title: String, options: [Option])] = [
        ("Servers", servers), ("Load", load), ("Data", data), ("Output", output),
    ]

    static let all: [Option] = sections.flatMap(\.options)

    private static let servers: [Option] = [
        Option(
            "--server", "HOST:PORT",
            "A server; repeatable, the connections take turns (\(Options.serverDefault))."
        ) { options, text throws(Failure) in
            guard let address = SocketAddress(text), address.port > 0, !address.host.isEmpty else {
                throw .usage("'--server' must be HOST:PORT, not '\(text)'")
            }
            options.servers.append(address)
        },
        Option(
            "--protocol", "NAME", "redis, or etcd: version 3 over gRPC, reads linearizable (redis)."
        ) { options, text throws(Failure) in
            options.wire = try choice(text, "--protocol")
        },
        Option("--cluster", nil, "Send each key to a server that has it, as CLUSTER SLOTS says.") {
            options, _ in options.isCluster = true
        },
        Option(
            "--route", "WHICH", "With --cluster: first, or any of the servers of a key (first)."
        ) { options, text throws(Failure) in
            options.route = try choice(text, "--route")
        },
        Option("--resp", "VERSION", "2 or 3 (2).") { options, text throws(Failure) in
            options.respVersion = try number(text, in: 2...3, "--resp")
        },
        Option(
            "--password-file", "FILE",
            "The password is the first line of FILE. Without this option it is taken from "
                + "MARTLET_PASSWORD, if that is set."
        ) { options, text in options.passwordFile = text },
        Option(
            "--consistency", "TEXT",
            "Sent as CONSISTENCY on connecting, such as \"r 1 w 1\" (Martlet)."
        ) { options, text in
            options.consistency = text.split(separator: " ").map(String.init)
        },
        Option(
            "--server-pid", "PID",
            "A server's process, for CPU time and memory; repeatable."
        ) { options, text throws(Failure) in
            let pid = try number(text, in: 1...Int(Int32.max), "--server-pid")
            options.serverProcesses.append(Int32(pid))
        },
    ]

    private static let load: [Option] = [
        Option("--connections", "COUNT", "Connections, all threads together (50).") {
            options, text throws(Failure) in
            options.connections = try number(text, in: 1...10_000, "--connections")
        },
        Option(
            "--pipeline", "COUNT",
            "Requests that a connection sends at once, before it waits for their replies (1)."
        ) { options, text throws(Failure) in
            options.pipeline = try number(text, in: 1...10_000, "--pipeline")
        },
        Option("--threads", "COUNT", "Threads of this program (1).") {
            options, text throws(Failure) in
            options.threads = try number(text, in: 1...64, "--threads")
        },
        Option("--duration", "SECONDS", "How long to run (10).") {
            options, text throws(Failure) in
            options.durationSeconds = try seconds(text, in: 0.1...86_400, "--duration")
        },
        Option("--operations", "COUNT", "How many operations to make, instead of a duration.") {
            options, text throws(Failure) in
            options.operations = try number(text, in: 1...1_000_000_000_000, "--operations")
        },
        Option("--warm-up", "SECONDS", "How long to run before measuring (0).") {
            options, text throws(Failure) in
            options.warmUpSeconds = try seconds(text, in: 0...3600, "--warm-up")
        },
        Option(
            "--rate", "COUNT",
            "Operations a second, due at times that are set beforehand (open loop): latencies count "
                + "from when an operation was due. Without it each connection sends as soon as it "
                + "has its replies (closed loop)."
        ) { options, text throws(Failure) in
            options.rate = try number(text, in: 1...10_000_000, "--rate")
        },
        Option(
            "--arrivals", "SPACING", "With --rate: poisson (independent users), or even (poisson)."
        ) { options, text throws(Failure) in
            options.spacing = try choice(text, "--arrivals")
        },
        Option("--timeout", "SECONDS", "How long to wait for a reply before reconnecting (5).") {
            options, text throws(Failure) in
            options.timeoutSeconds = try seconds(text, in: 0.1...3600, "--timeout")
        },
    ]

    private static let data: [Option] = [
        Option("--load", nil, "Write each key once before the run.") { options, _ in
            options.loadsFirst = true
        },
        Option("--keys", "COUNT", "How many keys there are (100000).") {
            options, text throws(Failure) in
            options.keyCount = try number(text, in: 1...1_000_000_000, "--keys")
        },
        Option("--key-prefix", "TEXT", "What keys begin with, before twelve digits (key:).") {
            options, text throws(Failure) in
            guard text.utf8.count <= 1000 else { throw .usage("'--key-prefix' is too long") }
            options.keyPrefix = text
        },
        Option(
            "--distribution", "NAME",
            "uniform, zipfian (YCSB's, scrambled), latest or sequential (as the workload has it)."
        ) { options, text throws(Failure) in
            options.distribution = try choice(text, "--distribution") as KeyDistribution
        },
        Option("--keys-per-command", "COUNT", "Of mget and mset: neighbouring keys (10).") {
            options, text throws(Failure) in
            options.keysPerCommand = try number(text, in: 1...1000, "--keys-per-command")
        },
        Option("--value-size", "SIZE", "Bytes of a value, such as 64, 4kb or 16-1kb (64).") {
            options, text throws(Failure) in
            options.valueSizes = try sizes(text)
        },
        Option("--value-kind", "KIND", "random, or compressible to about half (random).") {
            options, text throws(Failure) in
            options.isCompressible = try choice(text, "--value-kind") as ValueKind == .compressible
        },
        Option(
            "--verify", nil,
            "Check the values that are read; what is written follows from the seed."
        ) {
            options, _ in options.verifies = true
        },
        Option("--seed", "NUMBER", "What keys, values and arrivals follow from (1).") {
            options, text throws(Failure) in
            guard let seed = UInt64(text) else {
                throw .usage("'--seed' must be a whole number, not '\(text)'")
            }
            options.seed = seed
        },
    ]

    private static let output: [Option] = [
        Option("--json", nil, "Print the result as JSON.") { options, _ in options.wantsJSON = true
        },
        Option(
            "--seconds", nil,
            "With --json: tell every second of the run by itself, too. How a fault shows."
        ) { options, _ in options.wantsSeconds = true },
        Option("--quiet", nil, "Show no progress.") { options, _ in options.isQuiet = true },
        Option("--help", nil, short: "-h", "Print this.") { options, _ in options.wantsHelp = true
        },
        Option("--version", nil, "Print the version.") { options, _ in options.wantsVersion = true
        },
    ]

    // MARK: Values

    private enum ValueKind: String, CaseIterable { case random, compressible }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ name: String
    ) throws(Failure) -> Choice {
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("'\(name)' must be one of \(names), not '\(text)'")
    }

    private static func number(
        _ text: String, in range: ClosedRange<Int>, _ name: String
    ) throws(Failure) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw .usage(
                "'\(name)' must be from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return value
    }

    private static func seconds(
        _ text: String, in range: ClosedRange<Double>, _ name: String
    ) throws(Failure) -> Double {
        guard let value = Double(text), range.contains(value) else {
            throw .usage(
                "'\(name)' must be from \(range.lowerBound) to \(range.upperBound) seconds, "
                    + "not '\(text)'")
        }
        return value
    }

    /// `64`, `4kb`, `1mb`, or two of them with a dash between.
    private static func sizes(_ text: String) throws(Failure) -> ClosedRange<Int> {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { size($0) }
        if parts.count == 1, let only = parts[0] { return only...only }
        if parts.count == 2, let low = parts[0], let high = parts[1], low <= high {
            return low...high
        }
        throw .usage("'--value-size' must be a size or LEAST-LARGEST up to 64mb, not '\(text)'")
    }

    private static func size(_ text: Substring) -> Int? {
        let units = [("mb", 1 << 20), ("kb", 1 << 10), ("", 1)]
        let unit = units.first { text.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Int(text.dropLast(unit.0.count)) else { return nil }
        guard (0...(64 << 20) / unit.1).contains(number) else { return nil }
        return number * unit.1
    }
}

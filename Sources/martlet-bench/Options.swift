internal import Essentials
internal import Platform

/// What a run does, as the command line says it.
struct Options: Sendable {
    enum Wire: String, CaseIterable, Sendable { case redis, etcd }

    /// Which of the servers of a slot is asked.
    enum Route: String, CaseIterable, Sendable {
        /// The first one, which in a Redis Cluster is the one that takes writes.
        case first
        /// All of them in turn.
        case any
    }

    static let serverDefault = SocketAddress(host: "127.0.0.1", port: 7379)

    var servers: [SocketAddress] = []
    var wire = Wire.redis
    var isCluster = false
    var route = Route.first
    var connections = 50
    var pipeline = 1
    var threads = 1

    var workload = Workload.load
    var loadsFirst = false
    var keyCount = 100_000
    var keyPrefix = "key:"
    /// Nil: what is usual for the workload.
    var distribution: KeyDistribution?
    var keysPerCommand = 10
    var valueSizes = 64...64
    var isCompressible = false
    var seed: UInt64 = 1
    var verifies = false

    /// Operations a second of the open loop; nil in the closed one.
    var rate: Int?
    var spacing = ArrivalSchedule.Spacing.poisson
    var durationSeconds = 10.0
    var operations: Int?
    var warmUpSeconds = 0.0
    var timeoutSeconds = 5.0

    var respVersion = 2
    var passwordFile: String?
    /// From the file or the environment; never printed.
    var password: String?
    var consistency: [String] = []

    var serverProcesses: [Int32] = []
    var wantsJSON = false
    var wantsSeconds = false
    var isQuiet = false
    var wantsHelp = false
    var wantsVersion = false

    /// Reads the command line, without the program's name.
    init(_ arguments: [String]) throws(Failure) {
        var names: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            guard argument.hasPrefix("-"), argument != "-" else {
                names.append(argument)
                continue
            }
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = Option.all.first(where: { $0.matches(name) }) else {
                throw .usage("unknown option '\(name)'")
            }
            if option.placeholder == nil {
                guard parts.count == 1 else { throw .usage("'\(name)' takes no value") }
                try option.apply(&self, "")
            } else if parts.count == 2 {
                try option.apply(&self, String(parts[1]))
            } else {
                guard index < arguments.count else { throw .usage("'\(name)' needs a value") }
                try option.apply(&self, arguments[index])
                index += 1
            }
        }
        if !wantsHelp, !wantsVersion { try conclude(names) }
    }

    /// Checks what concerns several options.
    private mutating func conclude(_ names: [String]) throws(Failure) {
        guard let name = names.first else { throw .usage("which workload?") }
        guard names.count == 1 else { throw .usage("one workload only, not also '\(names[1])'") }
        guard let workload = Workload.named(name) else {
            throw .usage("unknown workload '\(name)'")
        }
        self.workload = workload
        if servers.isEmpty { servers = [Self.serverDefault] }
        if threads > connections {
            throw .usage("'--threads' must not be above '--connections' (\(connections))")
        }
        if verifies, valueSizes.lowerBound < ValueMaker.verifiableSizeMin {
            throw .usage(
                "'--verify' needs values of \(ValueMaker.verifiableSizeMin) bytes or more")
        }
        if workload.takesSeveralKeys, keysPerCommand > keyCount {
            throw .usage("'--keys-per-command' must not be above '--keys' (\(keyCount))")
        }
        if wire == .etcd { try concludeForEtcd() }
    }

    private func concludeForEtcd() throws(Failure) {
        let supported: [OperationKind] = [.get, .set, .insert, .readModifyWrite, .delete]
        guard workload.mix.allSatisfy({ supported.contains($0.kind) }) else {
            throw .usage("etcd has nothing like workload '\(workload.name)'")
        }
        if isCluster { throw .usage("'--cluster' is for the Redis protocol") }
        if !consistency.isEmpty { throw .usage("'--consistency' is for the Redis protocol") }
        // A stream of HTTP/2 takes 65535 bytes without asking.
        if valueSizes.upperBound > 32 << 10 { throw .usage("values for etcd end at 32kb here") }
    }

    /// The distribution of the run.
    var keys: KeyDistribution { distribution ?? workload.distribution }

    var ratePerThread: Double? { rate.map { Double($0) / Double(threads) } }

    var values: ValueMaker {
        ValueMaker(sizes: valueSizes, isCompressible: isCompressible, seed: seed)
    }

    var commands: CommandWriter {
        CommandWriter(keyPrefix: keyPrefix, values: values, keysPerCommand: keysPerCommand)
    }
}

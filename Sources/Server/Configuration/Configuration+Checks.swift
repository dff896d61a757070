internal import Platform

extension Configuration {
    /// Checks what no single setting can: relations between values, and that nothing is open to
    /// strangers by accident. Made at the start, and before CONFIG SET takes effect.
    func check() throws(ConfigurationError) {
        try checkQuorums()
        try checkMemory()
        try checkRates()
        try checkAddresses()
        if isProtected { try checkProtection() }
    }

    private func checkQuorums() throws(ConfigurationError) {
        for (name, value) in [("r", r), ("w", w), ("pr", pr), ("pw", pw), ("dw", dw)] {
            guard value <= n else {
                throw .conflict(
                    name: name, reason: "'\(name)' is \(value), more than the \(n) replicas of 'n'")
            }
        }
        guard let shards, shards > partitions else { return }
        throw .conflict(
            name: "shards",
            reason: "'shards' is \(shards), more than the \(partitions) 'partitions'")
    }

    private func checkMemory() throws(ConfigurationError) {
        guard objectCachePercent + memtablePercent <= 90 else {
            throw .conflict(
                name: "memory-object-cache-percent",
                reason: "'memory-object-cache-percent' and 'memory-memtable-percent' together are "
                    + "\(objectCachePercent + memtablePercent), and leave less than 10 for blocks")
        }
        // A command holds a key, an option or two and the value.
        try checkAtLeast(
            "command-max", commandBytesMax, "value-max and 1mb", valueBytesMax + 1 << 20)
        // A reply has a few bytes beside the value.
        try checkAtLeast(
            "client-output-limit", clientOutputBytesMax, "value-max and 64kb",
            valueBytesMax + 64 << 10)
        try checkAtLeast(
            "client-memory", clientMemoryBytesMax,
            "the larger of command-max and client-output-limit",
            max(commandBytesMax, clientOutputBytesMax))
    }

    private func checkRates() throws(ConfigurationError) {
        guard backgroundRateMin > backgroundRateMax else { return }
        let size = ByteSize(0...Int.max)
        throw .conflict(
            name: "background-rate-min",
            reason: "'background-rate-min' is \(size.format(backgroundRateMin)), more than "
                + "'background-rate-max' (\(size.format(backgroundRateMax)))")
    }

    private func checkAtLeast(
        _ name: String, _ value: Int, _ what: String, _ least: Int
    ) throws(ConfigurationError) {
        guard value < least else { return }
        let size = ByteSize(0...Int.max)
        throw .conflict(
            name: name,
            reason: "'\(name)' is \(size.format(value)), but must be at least \(what) "
                + "(\(size.format(least)))")
    }

    private func checkAddresses() throws(ConfigurationError) {
        let addresses = [
            ("listen", listen), ("peer-listen", peerListen), ("admin-listen", adminListen),
        ]
        for (index, (name, address)) in addresses.enumerated() where address.port != 0 {
            for (other, otherAddress) in addresses.dropFirst(index + 1)
            where address == otherAddress {
                throw .conflict(
                    name: other, reason: "'\(name)' and '\(other)' are both \(address)")
            }
        }
        if peerListen.isWildcard, peerAdvertise == nil {
            throw .conflict(
                name: "peer-advertise",
                reason: "'peer-listen' is \(peerListen), which other nodes cannot dial: "
                    + "set 'peer-advertise' to an address that they can")
        }
    }

    /// Protected mode: reachable from other machines only with a secret.
    private func checkProtection() throws(ConfigurationError) {
        let ports = [
            ("listen", listen, "password", password),
            ("peer-listen", peerListen, "cluster-secret", clusterSecret),
            ("admin-listen", adminListen, "password", password),
        ]
        for (name, address, needed, secret) in ports where !address.isLoopback && !secret.isSet {
            throw .conflict(
                name: needed,
                reason:
                    "'\(name)' is \(address), which other machines can reach, but '\(needed)' is "
                    + "not set: set it, listen on 127.0.0.1, or say 'protected-mode no'")
        }
    }
}

internal import Engine
internal import Hashing
internal import Objects
internal import Placement

/// After healing, all replicas of a key hold the same bytes, in memory as on disk, and all replicas
/// of a partition come to the same digest of it.
final class ConvergenceChecker: Checker {
    let name = "replicas equal"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .healed = observation else { return }
        // Replicas whose contexts are full may cut them differently, and show it until the next
        // write.
        let keys = scene.history.keys.filter { !scene.isCut($0) }
        for key in keys { check(key, scene) }
        let cut = Set(scene.history.keys).subtracting(keys)
        for _ in 0..<cut.count { scene.excuse(self, "contexts are cut") }
        checkDigests(scene) { !cut.contains($0) }
    }

    private func check(_ key: ObjectKey, _ scene: Scene) {
        let cluster = scene.cluster
        let replicas = cluster.replicas(of: key)
        let record = replicas.first.flatMap { cluster[$0].disk.records[key] }
        for index in replicas {
            cases += 1
            if cluster[index].disk.records[key] != record {
                let names = [replicas[0], index].map { cluster.text(key, on: $0) }
                scene.fail(self, "\(Text.show(key.bytes)): \(names.joined(separator: " but "))")
            }
            if cluster.held(key, by: index)?.encoded() != cluster[index].disk.records[key] {
                let name = cluster[index].name
                scene.fail(self, "\(Text.show(key.bytes)): memory of \(name) is not its disk")
            }
        }
    }

    /// The digest of a partition is the sum of its records' hashes, as a tree's leaf would be.
    private func checkDigests(_ scene: Scene, _ isIncluded: (ObjectKey) -> Bool) {
        let cluster = scene.cluster
        let digests = cluster.nodes.map { node in
            var sums = [UInt64](repeating: 0, count: cluster.options.partitions)
            for key in node.disk.keys where isIncluded(key) {
                let partition = cluster.sharding.partitioning.partition(of: key.position).index
                sums[partition] ^= xxh3(key.bytes + (node.disk.records[key] ?? []))
            }
            return sums
        }
        for partition in cluster.sharding.partitioning.all {
            let replicas = cluster.replicas(of: partition)
            let sums = replicas.map { digests[$0 - 1][partition.index] }
            if sums.contains(where: { $0 != sums[0] }) {
                scene.fail(self, "partition \(partition): the digests of \(replicas) differ")
            }
        }
    }
}

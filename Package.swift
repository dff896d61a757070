// swift-tools-version: 6.2
import PackageDescription

/// One set of strict settings for every target: see the architecture article for what each one buys.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// - Parameter data: folders of text that tests read where they lie.
func tests(_ name: String, _ dependencies: [Target.Dependency], data: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: data, swiftSettings: strict)
}

/// What test targets share. It stands beside them, and the product uses nothing of it.
func support(_ name: String) -> Target {
    .target(name: name, path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .executable(name: "martletctl", targets: ["martletctl"]),
        .executable(name: "martlet-bench", targets: ["martlet-bench"]),
        .executable(name: "martlet-sim", targets: ["martlet-sim"]),
    ],
    targets: [
        // C libraries, all from Debian's packages.
        .systemLibrary(
            name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        // The only code that is not Swift: what the C API of RocksDB leaves out.
        .target(name: "CRocksDBEvents", linkerSettings: [.linkedLibrary("rocksdb")]),
        .systemLibrary(name: "CLinux", providers: [.apt(["libc6-dev"])]),
        .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // Layer 0.
        library("Hashing", ["CXXHash"]),
        library("Essentials"),
        library("Histories"),
        // Layer 1: pure.
        library("Causality", ["Essentials"]),
        library("Placement", ["Essentials", "Hashing"]),
        library("Wire", ["Essentials", "Hashing"]),
        library("Objects", ["Causality", "Essentials", "Hashing"]),
        // Layer 2: pure.
        library("Consensus", ["Essentials"]),
        library("Commands", ["Essentials", "Objects", "Placement", "Wire"]),
        library("Membership", ["Essentials", "Placement"]),
        library("Replication"),
        // Layer 3: pure.
        library(
            "Engine",
            [
                "Causality", "Commands", "Consensus", "Essentials", "Hashing", "Membership",
                "Objects", "Placement", "Replication", "Wire",
            ]),
        // Edges.
        library("Platform", ["CCrypto", "CLinux", "CUV", "Essentials"]),
        library("Storage", ["CRocksDB", "CRocksDBEvents", "Essentials"]),
        // Layer 4.
        library(
            "Server",
            [
                "CMicroHTTPD", "Causality", "Commands", "Consensus", "Engine", "Essentials",
                "Hashing", "Membership", "Objects", "Placement", "Platform", "Storage", "Wire",
            ]),
        library(
            "Simulator",
            [
                "Causality", "Commands", "Consensus", "Engine", "Essentials", "Hashing",
                "Histories", "Membership", "Objects", "Placement", "Wire",
            ]),
        // Layer 5.
        program("martlet", ["Platform", "Server"]),
        program("martletctl", ["Essentials", "Placement", "Platform"]),
        program("martlet-bench", ["Essentials", "Placement", "Platform", "Wire"]),
        program("martlet-sim", ["Essentials", "Platform", "Simulator"]),

        support("TestSupport"),
        tests("HistoriesTests", ["Essentials", "Histories"]),
        tests("EssentialsTests", ["Essentials", "Hashing"]),
        tests("CausalityTests", ["Causality", "Essentials"]),
        tests("PlacementTests", ["Essentials", "Placement"]),
        tests("WireTests", ["Essentials", "Wire"]),
        tests("ObjectsTests", ["Causality", "Essentials", "Objects"]),
        tests(
            "CommandsTests",
            ["Commands", "Essentials", "Objects", "Placement", "TestSupport", "Wire"]),
        tests(
            "MembershipTests", ["Essentials", "Membership", "Placement"], data: ["Interactions"]),
        tests("ConsensusTests", ["Consensus", "Essentials"]),
        tests("ReplicationTests", ["Causality", "Essentials", "Objects", "Replication", "Wire"]),
        tests(
            "EngineTests",
            [
                "Causality", "Commands", "Engine", "Essentials", "Membership", "Objects",
                "Placement", "Replication", "Simulator", "Storage", "Wire",
            ], data: ["Scenarios"]),
        tests("SimulatorTests", ["Simulator"]),
        tests("martlet-simTests", ["Platform", "Simulator", "martlet-sim"]),
        tests("PlatformTests", ["Essentials", "Platform"]),
        tests("StorageTests", ["CRocksDB", "Essentials", "Storage"]),
        tests(
            "ServerTests",
            [
                "Causality", "Commands", "Consensus", "Engine", "Essentials", "Membership",
                "Objects", "Placement", "Platform", "Server", "Storage", "TestSupport", "Wire",
            ]),
        tests("martlet-benchTests", ["Essentials", "Platform", "martlet-bench"]),
        tests("martletctlTests", ["Essentials", "Platform", "martletctl"]),
        tests(
            "ClusterTests",
            ["Essentials", "Hashing", "Histories", "Platform", "TestSupport", "Wire"],
            data: ["Clients"]),
        tests(
            "FuzzTests",
            [
                "Causality", "Commands", "Consensus", "Engine", "Essentials", "Hashing",
                "Membership", "Objects", "Placement", "Wire",
            ]),
        tests("RepositoryTests", []),
    ]
)
